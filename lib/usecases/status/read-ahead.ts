/**
 * Reads some items ahead of who consumes them, and yields the answers in order.
 *
 * Holds: at most `ahead` reads at once; after a consumer stops, nothing more is started.
 * Fails: with the first failure, in order.
 */
export async function* readAhead<Item, Answer>(
  items: readonly Item[],
  ahead: number,
  read: (item: Item) => Promise<Answer>,
): AsyncGenerator<Answer, void, undefined> {
  const open: Promise<Answer>[] = [];
  for (const item of items) {
    const answer = read(item);
    // Awaited later, or never where the consumer stops: it must not count as unhandled meanwhile.
    answer.catch(() => undefined);
    open.push(answer);
    const oldest = open.length >= ahead ? open.shift() : undefined;
    if (oldest !== undefined) yield await oldest;
  }
  for (const answer of open) yield await answer;
}
