/** Does something for each, so many at once; the first failure begins no more and is thrown when the others are done. */
export async function forEachAtOnce<T>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const go = async (): Promise<void> => {
    for (let next = rest.next(); !next.done && failures.length === 0; next = rest.next())
      await work(next.value).catch((error: unknown) => {
        failures.push(error);
      });
  };
  await Promise.all(Array.from({ length: limit }, go));
  if (failures.length > 0) throw failures[0];
}
