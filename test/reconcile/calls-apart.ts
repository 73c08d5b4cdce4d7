/**
 * How many calls to go on from one death of the service to the next: `usual`, or one with `EVERY_CALL` (test/slow). No step is
 * even, so that deaths before and after a call take turns.
 */
export function callsApart(usual: 3 | 5 | 7 | 9 | 13): number {
  return process.env.EVERY_CALL === undefined ? usual : 1;
}
