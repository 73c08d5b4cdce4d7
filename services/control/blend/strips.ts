import type { ExternalFile } from './facts.ts';
import type { RecordView } from './record.ts';
import { allOf, follow, followArray, listFrom, type Scope } from './scope.ts';

/** `Sequence.type`. */
const IMAGE = 0;
const META = 1;
const SCENE = 2;
const MOVIE = 3;
const SPEED = 29;
/** `Sequence.flag`. */
const MUTED = 1 << 5;
const REVERSED = 1 << 7;
/** `SeqTimelineChannel.flag`. */
const CHANNEL_MUTED = 1 << 1;

/** Files of the sequencer, as paths: a strip of pictures names each of them. */
export type StripFile = Pick<ExternalFile, 'path' | 'source' | 'onFrames'>;

/** Files of all strips that are shown. A sound strip refers to its sound's data-block, and its own path is stale. */
export function stripFiles(scope: Scope): readonly StripFile[] {
  const strips = shownStrips(scope);
  // Other scenes and speed effects show strips at other frames than their own.
  const isPlain = !strips.some((strip) => [SCENE, SPEED].includes(strip.number('type') ?? -1));
  return strips.flatMap((strip) => filesOf(scope, strip, isPlain));
}

/** Those that nothing mutes: neither themselves nor their channel nor a meta strip around them. */
function shownStrips(scope: Scope): readonly RecordView[] {
  const editing = allOf(scope, 'Editing')[0];
  const listed = editing && stripsIn(scope, editing, new Set());
  // Where the lists cannot be followed more may be shown than is, never less.
  return listed ?? allOf(scope, 'Sequence').filter((strip) => !isSet(strip, MUTED));
}

/** Of the whole edit or of a meta strip, each of which has channels of its own; null if they cannot be followed. */
function stripsIn(scope: Scope, owner: RecordView, seen: Set<bigint>): readonly RecordView[] | null {
  const first = owner.pointer('seqbase.first') ?? 0n;
  const members = listFrom(scope, first, 'Sequence');
  // A list that is there twice: a circle, or an attack.
  if (!members || seen.has(first)) return null;
  if (first) seen.add(first);
  const channels = listFrom(scope, owner.pointer('channels.first'), 'SeqTimelineChannel') ?? [];
  const muted = new Set(
    channels.filter((one) => isSet(one, CHANNEL_MUTED)).map((one) => one.number('index')),
  );
  const shown: RecordView[] = [];
  for (const strip of members) {
    if (isSet(strip, MUTED) || muted.has(strip.number('machine'))) continue;
    const inside = strip.number('type') === META ? stripsIn(scope, strip, seen) : [strip];
    if (!inside) return null;
    shown.push(...inside);
  }
  return shown;
}

/** A strip that shows another scene. */
export interface SceneStrip {
  /** Address of that scene. */
  readonly scene: bigint;
  /** On which frame of its owner the scene's first one is seen; null where its frames do not simply follow one another. */
  readonly start: number | null;
}

/** All that are shown. */
export function sceneStrips(scope: Scope): readonly SceneStrip[] {
  const strips = shownStrips(scope);
  const isPlain = !strips.some((strip) => strip.number('type') === SPEED);
  return strips.flatMap((strip) => {
    const scene = strip.pointer('scene');
    if (strip.number('type') !== SCENE || !scene) return [];
    const span = isPlain ? spanOf(strip) : null;
    return [{ scene, start: span && span.start - (strip.number('anim_startofs') ?? 0) }];
  });
}

function filesOf(scope: Scope, sequence: RecordView, isPlain: boolean): readonly StripFile[] {
  const type = sequence.number('type');
  if (type !== IMAGE && type !== MOVIE) return [];
  const strip = follow(scope, sequence.pointer('strip'), 'Strip');
  const folder = strip?.text('dir') ?? '';
  const elements = followArray(scope, strip?.pointer('stripdata') ?? null, 'StripElem');
  const pathOf = (element: RecordView) => join(folder, element.text('name'));
  if (type === MOVIE) return elements.slice(0, 1).map((one) => ({ path: pathOf(one), source: 'movie' }));
  const skipped = sequence.number('anim_startofs') ?? 0;
  const span = isPlain ? spanOf(sequence) : null;
  return elements.map((element, index) => {
    const file = { path: pathOf(element), source: 'file' } as const;
    return span ? { ...file, onFrames: seenOn(span, index - skipped) } : file;
  });
}

interface Span {
  /** Scene frame of its first picture, and how many there are. */
  readonly start: number;
  readonly length: number;
  /** First and last scene frame on which the strip is seen. */
  readonly from: number;
  readonly to: number;
}

/** Null where its pictures do not simply follow one another. */
function spanOf(strip: RecordView): Span | null {
  const start = strip.number('start');
  const length = strip.number('len');
  const isRetimed =
    Boolean(strip.pointer('retiming_handles')) || ![0, 1].includes(strip.number('speed_factor') ?? 1);
  if (start === null || length === null || length < 1 || isRetimed) return null;
  if ((strip.number('strobe') ?? 1) > 1 || isSet(strip, REVERSED)) return null;
  const cut = (path: string) => strip.number(path) ?? 0;
  // Older files keep how far the first and last picture stand still apart from how much is cut off.
  const from = start + cut('startofs') - cut('startstill');
  const to = start + length - cut('endofs') + cut('endstill') - 1;
  return [start, from, to].every(Number.isInteger) ? { start, length, from, to } : null;
}

/** What was cut off for good is still listed, and never seen. */
const NEVER = { from: 1, to: 0 };

/** The first and the last picture stand still for as long as the strip goes on. */
function seenOn(span: Span, index: number): NonNullable<ExternalFile['onFrames']> {
  if (index < 0 || index >= span.length) return NEVER;
  const frame = span.start + index;
  const from = index === 0 ? span.from : Math.max(frame, span.from);
  const to = index === span.length - 1 ? span.to : Math.min(frame, span.to);
  return { from, to };
}

function join(folder: string, name: string | null): string {
  if (!name) return '';
  return folder === '' || /[\\/]$/.test(folder) ? folder + name : `${folder}/${name}`;
}

function isSet(strip: RecordView, bit: number): boolean {
  return ((strip.number('flag') ?? 0) & bit) !== 0;
}
