/** First in, first out, in constant time. */
export interface Fifo<T> {
  push(item: T): void;
  /** Takes the oldest out. */
  shift(): T | undefined;
  peek(): T | undefined;
  size(): number;
}

const COMPACT_AT = 1_024;

export function fifo<T>(): Fifo<T> {
  let items: (T | undefined)[] = [];
  let head = 0;
  return {
    push: (item) => {
      items.push(item);
    },
    shift: () => {
      const item = items[head];
      if (head >= items.length) return undefined;
      items[head] = undefined;
      head += 1;
      if (head === items.length || head >= COMPACT_AT) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
    peek: () => items[head],
    size: () => items.length - head,
  };
}
