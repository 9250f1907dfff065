/**
 * Tables for people: columns as wide as what is in them, within the terminal's width.
 *
 * Rows come in pages (a list may have a hundred thousand): the first one decides how wide columns
 * are, and later ones keep to it.
 *
 * Holds: where lines have an end, no line is longer: flexible columns are cut, the widest first;
 *        elsewhere nothing is cut, and a later row that is wider shifts by itself.
 */
import type { CliOutput, Style } from "../io.ts";
import { displayWidth, pad, printable, shorten } from "./display.ts";

export interface Column {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly align?: "left" | "right";
  /** May be cut down to this many columns; undefined: never cut. */
  readonly shrinkTo?: number;
  /** As wide as this even where nothing on the first page is. */
  readonly least?: number;
}

export type Cell = string | { readonly text: string; readonly style: Style };
export type Row = readonly Cell[];

const GAP = 2;

export interface Table {
  /** Writes a page of rows; the titles go before the first. */
  write(rows: readonly Row[]): Promise<void>;
}

export function table(columns: readonly Column[], output: CliOutput): Table {
  const lineMax = output.columns;
  let widths: readonly number[] | undefined;
  return {
    async write(rows) {
      if (rows.length === 0) return;
      const texts = rows.map((row) => row.map((cell) => printable(textOf(cell))));
      let page = "";
      if (widths === undefined) {
        widths = fit(wishedWidths(columns, texts), columns, lineMax);
        page += titles(columns, widths, output);
      }
      for (const [index, row] of rows.entries()) {
        const shown = texts[index] ?? [];
        const fitted = rowWidths(shown, widths, columns, lineMax);
        const cells = columns.map((column, at) => {
          const cut = shorten(shown[at] ?? "", fitted[at] ?? 0);
          const isLast = at === columns.length - 1 && column.align !== "right";
          const padded = isLast ? cut : pad(cut, fitted[at] ?? 0, column.align ?? "left");
          const cell = row[at];
          return typeof cell === "object" ? output.style(cell.style, padded) : padded;
        });
        page += `${cells.join(" ".repeat(GAP)).trimEnd()}\n`;
      }
      await output.write(page);
    },
  };
}

type Texts = readonly string[];

function wishedWidths(columns: readonly Column[], rows: readonly Texts[]): readonly number[] {
  return columns.map(({ title, least = 0 }, at) =>
    rows.reduce(
      (most, row) => Math.max(most, displayWidth(row[at] ?? "")),
      Math.max(displayWidth(title), least),
    ),
  );
}

/** The table's, but for what is wider and may not be cut. */
function rowWidths(
  row: Texts,
  widths: readonly number[],
  columns: readonly Column[],
  lineMax: number | undefined,
): readonly number[] {
  const needed = columns.map(({ shrinkTo }, at) => {
    const width = widths[at] ?? 0;
    const isCut = lineMax !== undefined && shrinkTo !== undefined;
    return isCut ? width : Math.max(width, displayWidth(row[at] ?? ""));
  });
  return fit(needed, columns, lineMax);
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

function titles(columns: readonly Column[], widths: readonly number[], output: CliOutput): string {
  const cells = columns.map(({ title, align = "left" }, at) =>
    pad(shorten(title, widths[at] ?? 0), widths[at] ?? 0, align),
  );
  return `${output.style("dim", cells.join(" ".repeat(GAP)).trimEnd())}\n`;
}

/** The widest flexible column gives way first, a character at a time. */
function fit(
  wished: readonly number[],
  columns: readonly Column[],
  lineMax: number | undefined,
): readonly number[] {
  if (lineMax === undefined) return wished;
  const widths = [...wished];
  let excess = widths.reduce((sum, width) => sum + width, 0) + GAP * (widths.length - 1) - lineMax;
  while (excess > 0) {
    let widest: number | undefined;
    columns.forEach(({ shrinkTo }, at) => {
      const width = widths[at] ?? 0;
      if (shrinkTo === undefined || width <= shrinkTo) return;
      if (widest === undefined || width > (widths[widest] ?? 0)) widest = at;
    });
    if (widest === undefined) return widths;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
}
