/** Everything random in a rehearsal comes from here, so that its seed plays it again. */
export interface Random {
  /** From 0 to 1, exclusive. */
  (): number;
  between(from: number, to: number): number;
  /** A source of its own: what one part draws doesn't shift what another sees. */
  fork(): Random;
}

/** mulberry32: small, and the same everywhere. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const draw = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return Object.assign(draw, {
    between: (from: number, to: number) => from + draw() * (to - from),
    fork: () => seededRandom(Math.floor(draw() * 4_294_967_296)),
  });
}
