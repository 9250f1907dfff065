/** Lets at most so many through at a time; others wait their turn in order. */
export interface Gate {
  through<T>(work: () => Promise<T>): Promise<T>;
}

export function gate(atOnce: number): Gate {
  const waiting: (() => void)[] = [];
  let inside = 0;

  async function through<T>(work: () => Promise<T>): Promise<T> {
    if (inside >= atOnce) {
      await new Promise<void>((enter) => {
        waiting.push(enter);
      });
    } else {
      inside += 1;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // The place is handed on, so that nobody slips in between.
      if (next === undefined) inside -= 1;
      else next();
    }
  }

  return { through };
}
