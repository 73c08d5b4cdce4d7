import type { ExternalFile, ShownFrames } from './facts.ts';
import type { RecordView } from './record.ts';
import { listFrom, type Scope } from './scope.ts';

/** `MovieClip.source` 1; 2 is a movie. */
const CLIP_SEQUENCE = 1;
/** `Volume.sequence_mode`, by number. */
const VOLUME_MODES: readonly ShownFrames['mode'][] = ['clip', 'extend', 'repeat', 'pingPong'];

type Frames = Pick<ExternalFile, 'source' | 'shown'>;

/** Numbers of the tiles of a `<UDIM>` image; null where they cannot be followed, or were not stored yet (2.81). */
export function tilesOf(image: Scope): readonly number[] | null {
  const tiles = listFrom(image, image.record.pointer('tiles.first'), 'ImageTile');
  const numbers = tiles?.map((tile) => tile.number('tile_number') ?? 0);
  return numbers && numbers.length > 0 && numbers.every((number) => number > 1000) ? numbers : null;
}

/** A clip begins with the file that it names, whatever its number. */
export function movieClipFrames(clip: RecordView): Frames {
  if (clip.number('source') !== CLIP_SEQUENCE) return { source: 'movie' };
  const start = clip.number('start_frame');
  const frames = clip.number('len');
  const stored = /(\d+)\D*$/.exec(clip.text('name') ?? '')?.[1];
  if (start === null || !frames || stored === undefined) return { source: 'sequence' };
  const offset = Number(stored) - 1 + (clip.number('frame_offset') ?? 0);
  return { source: 'sequence', shown: [{ start, frames, offset, mode: 'clip' }] };
}

export function volumeFrames(volume: RecordView): Frames {
  if (!volume.number('is_sequence')) return { source: 'file' };
  const start = volume.number('frame_start');
  const frames = volume.number('frame_duration');
  const offset = volume.number('frame_offset');
  const mode = VOLUME_MODES[volume.number('sequence_mode') ?? -1];
  if (start === null || frames === null || offset === null || !mode) return { source: 'sequence' };
  return { source: 'sequence', shown: [{ start, frames, offset, mode }] };
}

/** How an `ImageUser` at `path` of the record ('' = the record itself) shows a sequence. */
export function imageUserFrames(record: RecordView, path: string): ShownFrames | null {
  const number = (name: string) => record.number(path === '' ? name : `${path}.${name}`);
  const start = number('sfra');
  const frames = number('frames');
  const offset = number('offset');
  if (start === null || frames === null || offset === null) return null;
  return { start, frames, offset, mode: number('cycl') ? 'repeat' : 'extend' };
}
