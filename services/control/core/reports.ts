import { act, type Draft, remember, type Sight } from './draft.ts';

/** Writes the report of each run that has ended; one that could not be written is written in a later pass. */
export function writeReports(_sight: Sight, draft: Draft): void {
  const { unreported } = draft.memory;
  const owed = unreported.flatMap((id) => draft.runs.get(id) ?? []);
  if (owed.length < unreported.length) remember(draft, { unreported: owed.map(({ id }) => id) });
  for (const run of owed) act(draft, { kind: 'writeReport', run, reason: `the run is ${run.state}` });
}
