import type { Creation } from '../sim/cluster.ts';
import { type Random, randomOf } from '../sim/random.ts';
import { USUAL_CLOUD } from '../sim/world.ts';
import { CODES, ENDS_AT, METHODS } from './faults.ts';
import type {
  Death,
  Happening,
  Life,
  Mishap,
  PolicySpec,
  ServiceSpec,
  ShotSpec,
  TroubleKind,
  TroubleWindow,
  Word,
  WorldSpec,
} from './spec.ts';

const HOUR = 3600;
const PORTS = ['scenes', 'renders', 'records', 'lease', 'farm', 'workers', 'manager', 'messenger'];

/** The world of a seed: mostly healthy, with a few kinds of trouble at once, so that each shows. */
export function drawWorld(seed: number): WorldSpec {
  const random = randomOf(seed, 'world');
  const calmAt = Math.round(between(random, 0.5, 3) * HOUR);
  const shots = drawShots(randomOf(seed, 'shots')).map((shot) =>
    withDeadline(seed, withLongLoading(seed, shot)),
  );
  const month = randomOf(seed, 'month');
  const monthEndsAt = maybe(month, 0.1) ? whole(month, 0, calmAt) : null;
  const budget = monthEndsAt !== null && maybe(month, 0.7) ? between(month, 0.02, 0.4) : null;
  const policy = drawPolicy(randomOf(seed, 'policy'));
  return {
    seed,
    policy: {
      ...policy,
      monthlyBudgetDollars: budget ?? policy.monthlyBudgetDollars,
      quota: drawQuota(randomOf(seed, 'quota'), policy.pools[0]?.max ?? 1),
      hasFallback: maybe(randomOf(seed, 'fallback'), 0.4),
    },
    cloud: drawCloud(randomOf(seed, 'cloud'), calmAt),
    creations: maybe(random, 0.2) ? many(random, 1, 3, () => pick<Creation>(random, ['hangs', 'fails'])) : [],
    shots,
    happenings: drawHappenings(randomOf(seed, 'happenings'), shots, calmAt),
    troubles: drawTroubles(randomOf(seed, 'troubles'), calmAt),
    mishaps: [mishapInTurn(seed), ...drawMishaps(randomOf(seed, 'mishaps'))],
    services: drawServices(randomOf(seed, 'services'), calmAt),
    hasReceiver: maybe(randomOf(seed, 'receiver'), 0.25),
    monthEndsAt,
    calmAt,
  };
}

function drawPolicy(random: Random): Omit<PolicySpec, 'hasFallback' | 'quota'> {
  const cpu = { name: 'cpu', max: whole(random, 1, 6), memoryGiB: 52 };
  const big = { name: 'big', max: whole(random, 1, 3), memoryGiB: 120 };
  return {
    pools: maybe(random, 0.3) ? [cpu, big] : [cpu],
    idleTeardownSeconds: pick(random, [0, 0, 60, 600]),
    settleSeconds: pick(random, [0, 20, 20]),
    maxFarmHours: maybe(random, 0.1) ? between(random, 0.5, 1.5) : 24,
    maxUnknownHours: maybe(random, 0.2) ? 0.5 : 3,
    droughtMinutes: 20,
    missingFilesGraceHours: 2,
    monthlyBudgetDollars: maybe(random, 0.1) ? between(random, 0.02, 0.4) : null,
    budgetStop: pick(random, ['drain', 'now']),
    checkFirst: pick(random, ['never', 'never', 'auto', 'always']),
  };
}

function drawQuota(random: Random, max: number): number | null {
  return maybe(random, 0.1) ? whole(random, 1, max) : null;
}

function drawCloud(random: Random, calmAt: number): WorldSpec['cloud'] {
  const isShort = maybe(random, 0.15);
  const from = whole(random, 0, calmAt / 2);
  return {
    ...USUAL_CLOUD,
    preemptionsPerHour: pick(random, [0, 0, 0.05, 1, 4]),
    zoneEventsPerHour: maybe(random, 0.1) ? 2 : 0,
    stockouts: isShort ? [{ fromSeconds: from, toSeconds: whole(random, from + 1, calmAt) }] : [],
  };
}

function drawShots(random: Random): readonly ShotSpec[] {
  const count = pick(random, [1, 1, 2, 2, 3, 5]);
  return Array.from({ length: count }, (_, index) => ({
    name: `film/s${index + 1}`,
    frames: pick(random, [1, 2, 4, 8, 12, 20]),
    secondsPerFrame: pick(random, [20, 60, 200, 600]),
    loadSeconds: pick(random, [1, 5, 30]),
    memoryGiB: maybe(random, 0.06) ? pick(random, [80, 200]) : 4,
    chunkSize: maybe(random, 0.4) ? whole(random, 1, 4) : null,
    maxDollars: maybe(random, 0.06) ? between(random, 0.01, 0.1) : null,
    finishBy: null,
    hasImage: maybe(random, 0.3),
    fate: maybe(random, 0.75)
      ? 'sound'
      : pick(random, ['oneFails', 'oneFailsOnce', 'allFail', 'oneHangs', 'oneHangsOnce', 'badCheck']),
  }));
}

/** Quick frames of a scene that takes long to open: tasks are cut anew when it is known. */
function withLongLoading(seed: number, shot: ShotSpec): ShotSpec {
  if (!maybe(randomOf(seed, 'loading', shot.name), 0.06)) return shot;
  return { ...shot, frames: 40, secondsPerFrame: 5, loadSeconds: 150, chunkSize: null };
}

function withDeadline(seed: number, shot: ShotSpec): ShotSpec {
  const random = randomOf(seed, 'deadline', shot.name);
  return maybe(random, 0.12) ? { ...shot, finishBy: whole(random, HOUR / 4, 4 * HOUR) } : shot;
}

function drawHappenings(random: Random, shots: readonly ShotSpec[], calmAt: number): readonly Happening[] {
  const early = () => Math.round(between(random, 0, 0.3 * calmAt));
  const late = () => Math.round(between(random, 0, calmAt));
  let content = 0;
  const upload = (shot: string, what: 'all' | 'blend' | 'image' | 'settings', at: number): Happening => {
    content += 1;
    const word = pick<Word>(random, ['once', 'once', 'once', 'twice', 'late', 'lost']);
    return { at, kind: 'upload', shot, what, content, word, lateBy: whole(random, 1, 1200) };
  };
  const all: Happening[] = [];
  for (const { name, hasImage } of shots) {
    const at = early();
    all.push(upload(name, 'all', at));
    if (hasImage && maybe(random, 0.9)) all.push(upload(name, 'image', at + whole(random, -60, 600)));
    if (maybe(random, 0.25)) all.push(upload(name, 'blend', late()));
    if (hasImage && maybe(random, 0.25)) all.push(upload(name, 'image', late()));
    if (maybe(random, 0.1)) all.push(upload(name, 'settings', late()));
    if (maybe(random, 0.08))
      all.push({ at: late(), kind: 'takeAway', shot: name, what: hasImage ? 'image' : 'blend' });
    if (maybe(random, 0.1))
      all.push({ at: late(), kind: 'say', what: pick(random, ['cancel', 'again', 'release']), shot: name });
  }
  if (maybe(random, 0.08)) {
    const what = pick<'teardown' | 'pause' | 'wake'>(random, ['teardown', 'pause', 'wake']);
    all.push({ at: late(), kind: 'order', what });
  }
  if (maybe(random, 0.25)) {
    const what = pick<'restart' | 'forget' | 'vanish' | 'break'>(random, [
      'restart',
      'forget',
      'vanish',
      'break',
    ]);
    all.push(...many(random, 1, 2, () => ({ at: late(), kind: 'cluster', what }) as const));
  }
  if (maybe(random, 0.25)) {
    const what = pick<'preempt' | 'kill' | 'freeze'>(random, ['preempt', 'kill', 'freeze']);
    all.push(...many(random, 1, 4, () => ({ at: late(), kind: 'worker', what, pick: random() }) as const));
  }
  return all.map((one) => ({ ...one, at: Math.max(0, one.at) })).sort((a, b) => a.at - b.at);
}

function drawTroubles(random: Random, calmAt: number): readonly TroubleWindow[] {
  if (maybe(random, 0.4)) return [];
  return many(random, 1, 4, () => {
    const from = between(random, 0, calmAt);
    const isLasting = maybe(random, 0.2);
    return {
      from,
      to: Math.min(calmAt, from + (isLasting ? between(random, 600, 7200) : between(random, 30, 900))),
      share: pick(random, [0.02, 0.1, 0.3, 1]),
      port: maybe(random, 0.6) ? pick(random, PORTS) : null,
      kinds: pick<readonly TroubleKind[]>(random, [
        ['fails'],
        ['fails', 'actsAndFails'],
        ['actsAndFails'],
        ['slow'],
        ['stale'],
        ['partial'],
        ['fails', 'actsAndFails', 'slow', 'stale', 'partial'],
      ]),
      codes: maybe(random, 0.4) ? ['transient'] : maybe(random, 0.5) ? [pick(random, CODES)] : CODES,
    };
  });
}

/** Calls that few worlds lead to. */
const SELDOM = [
  'lease.release',
  'lease.release',
  'manager.closeTask',
  'manager.closeTask',
  'manager.requeueTask',
  'manager.keep',
  'manager.keep',
  'manager.forget',
  'manager.setJobStatus',
  'records.delete',
  'scenes.listUnder',
  'scenes.read',
] as const;

/** Each call fails with each code in some of a few hundred worlds. */
function mishapInTurn(seed: number): Mishap {
  const method = METHODS[seed % METHODS.length] ?? METHODS[0];
  const code = CODES[Math.floor(seed / METHODS.length) % CODES.length] ?? CODES[0];
  return { method, nth: 1, times: 1, kind: 'fails', code };
}

/** Most of what a service does it does once or twice. */
function drawMishaps(random: Random): readonly Mishap[] {
  if (maybe(random, 0.4)) return [];
  return many(random, 1, 6, () => ({
    method: pick(random, maybe(random, 0.6) ? METHODS : SELDOM),
    nth: maybe(random, 0.7) ? 1 : whole(random, 2, 20),
    times: pick(random, [1, 1, 2, 3]),
    kind: pick<TroubleKind>(random, [
      'fails',
      'fails',
      'fails',
      'fails',
      'actsAndFails',
      'slow',
      'stale',
      'partial',
    ]),
    code: pick(random, CODES),
  }));
}

function drawServices(random: Random, calmAt: number): readonly ServiceSpec[] {
  const count = maybe(random, 0.2) ? 2 : 1;
  return Array.from({ length: count }, (_, index) => ({
    startsAt: index === 0 ? 0 : between(random, 0, calmAt),
    lives: maybe(random, 0.5) ? many(random, 1, 5, () => drawLife(random)) : [],
    jumps: maybe(random, 0.1)
      ? many(random, 1, 3, () => ({ at: between(random, 0, calmAt), offset: whole(random, -120, 120) }))
      : [],
  }));
}

function drawLife(random: Random): Life {
  const death: Death = {
    method: maybe(random, 0.8) ? pick(random, ENDS_AT) : null,
    nth: maybe(random, 0.5) ? 1 : whole(random, 1, 200),
    when: pick(random, ['before', 'after', 'before', 'after', 'stopped']),
  };
  return { death, nextAfter: maybe(random, 0.1) ? between(random, 600, 5400) : between(random, 0, 90) };
}

function maybe(random: Random, share: number): boolean {
  return random() < share;
}

function between(random: Random, from: number, to: number): number {
  return from + random() * (to - from);
}

/** Both ends are among them. */
function whole(random: Random, from: number, to: number): number {
  return Math.floor(between(random, from, to + 1));
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

function many<T>(random: Random, from: number, to: number, make: () => T): readonly T[] {
  return Array.from({ length: whole(random, from, to) }, make);
}
