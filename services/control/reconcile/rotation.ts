/**
 * Takes turns: all where there are few, else so many of them each time, those first that were longest ago. What they are
 * asked about changes seldom and is told as a rule; the more there are, the longer a look takes to come round.
 */
export function createRotation(most: number): (ids: readonly string[]) => ReadonlySet<string> {
  let turns = new Map<string, number>();
  let turn = 0;
  return (ids) => {
    turn += 1;
    const last = (id: string) => turns.get(id) ?? 0;
    const due = ids.length <= most ? ids : [...ids].sort((a, b) => last(a) - last(b)).slice(0, most);
    const chosen = new Set(due);
    turns = new Map(ids.map((id) => [id, chosen.has(id) ? turn : last(id)]));
    return chosen;
  };
}
