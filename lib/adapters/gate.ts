/**
 * Lets so many calls run at once; the others wait for their turn, in order.
 *
 * Holds: a place that becomes free goes to who waited longest, and to nobody in between.
 * Fails: with what the call fails with.
 */
export interface Gate {
  <Out>(call: () => Promise<Out>): Promise<Out>;
}

export function gate(most: number): Gate {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (call) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await call();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
