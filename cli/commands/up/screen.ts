/**
 * A terminal's screen, redrawn without flicker: each frame is one write that overwrites the last.
 *
 * The alternate screen is used, so that what stood there before comes back at the end.
 */
const ESC = "\u001B[";
const ENTER = `${ESC}?1049h${ESC}?25l`;
const LEAVE = `${ESC}?25h${ESC}?1049l`;
/** Terminals that know it show a frame only when it is complete; others ignore it. */
const BEGIN_FRAME = `${ESC}?2026h${ESC}H`;
const END_FRAME = `${ESC}J${ESC}?2026l`;
const END_LINE = `${ESC}K`;

export interface Screen {
  draw(frame: string): void;
  leave(): void;
}

export function openScreen(write: (text: string) => void): Screen {
  let isOpen = true;
  let last = "";
  const leave = (): void => {
    if (!isOpen) return;
    isOpen = false;
    write(LEAVE);
  };
  // However the process ends, the terminal is as before.
  process.once("exit", leave);
  write(ENTER);
  return {
    draw(frame) {
      if (!isOpen || frame === last) return;
      last = frame;
      write(BEGIN_FRAME + frame.replaceAll("\n", `${END_LINE}\r\n`) + END_LINE + END_FRAME);
    },
    leave() {
      process.off("exit", leave);
      leave();
    },
  };
}
