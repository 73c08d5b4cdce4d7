const MIB = 1024 * 1024;
/** So many jumps that nobody foresaw say that the next ones will not be foreseen either. */
const ENOUGH_WAITS = 6;
/** How long the answers that each part of the file waits for may take: the whole should take a second at most. */
const PART_MS = 450;
/** What is searched by all scouts together, more or less: half a body each until the first head. */
const SEARCHED_BYTES = 32 * MIB;
const MOST_SCOUTS = 8;
/** Bodies are of any size: one that is much larger than the others is not searched to its end. */
const LONGEST_SEARCH = 2;

interface ScoutPlan {
  readonly places: readonly number[];
  /** By each of them. */
  readonly mostSearched: number;
}

const NONE: ScoutPlan = { places: [], mostSearched: 0 };

/**
 * Whether, and where, scouts are worth their bytes. Large bodies of irregular sizes can only be followed one after
 * the other, so where the answers still to come would take too long the rest of the file is parted, and all parts are
 * followed at once.
 */
export function createScoutPlan() {
  const waits: number[] = [];
  let waitedMs = 0;
  let isDone = false;
  return {
    /** One more answer for a jump to `from` was waited for. Tells of places once at most. */
    waited: (from: number, ms: number, end: number): ScoutPlan => {
      if (isDone) return NONE;
      waits.push(from);
      waitedMs += ms;
      if (waits.length <= ENOUGH_WAITS) return NONE;
      const jump = usualJump(waits);
      const restMs = ((end - from) / jump) * (waitedMs / waits.length);
      const parts = Math.trunc(restMs / PART_MS);
      const affordable = Math.trunc(SEARCHED_BYTES / (jump / 2 + 2 * MIB));
      const scouts = Math.min(parts - 1, affordable, MOST_SCOUTS);
      if (scouts < 1) return NONE;
      isDone = true;
      const part = (end - from) / (scouts + 1);
      const places = Array.from({ length: scouts }, (_, index) => Math.trunc(from + part * (index + 1)));
      return { places, mostSearched: Math.trunc(jump * LONGEST_SEARCH) };
    },
  };
}

/** The middle one of the last three. */
function usualJump(places: readonly number[]): number {
  const jumps = [-3, -2, -1].map((index) => (places.at(index) ?? 0) - (places.at(index - 1) ?? 0));
  return jumps.sort((a, b) => a - b)[1] ?? 0;
}
