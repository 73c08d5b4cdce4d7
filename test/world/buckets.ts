import type { RunRecord } from '../../services/control/core/run.ts';
import { blend } from '../closure/blends.ts';
import type { Fate, ShotPhysics } from '../sim/shots.ts';
import type { SimWorld } from '../sim/world.ts';
import type { ShotSpec } from './spec.ts';

type What = 'blend' | 'image' | 'settings';

/** What people put into the scenes bucket, and of which bytes each picture was made. */
export class Buckets {
  readonly #world: SimWorld;
  readonly #stamps = new Map<string, string>();

  constructor(world: SimWorld) {
    this.#world = world;
  }

  put(shot: ShotSpec, what: What, content: number): void {
    const { scenes } = this.#world;
    const path = pathOf(shot, what);
    if (what === 'image') scenes.put(path, `picture ${content}`);
    else if (what === 'settings')
      scenes.put(path, JSON.stringify(settingsOf(shot, content, this.#world.startedAt)));
    else scenes.put(path, blend({ samples: content, images: shot.hasImage ? [`//${imageName(shot)}`] : [] }));
    this.#turn(shot);
  }

  takeAway(shot: ShotSpec, what: 'blend' | 'image'): void {
    this.#world.scenes.remove(pathOf(shot, what));
    this.#turn(shot);
  }

  /** Of which bytes a picture was made; `undefined` = nobody made it. */
  stampOf(picture: string): string | undefined {
    return this.#stamps.get(picture);
  }

  /** Of which bytes a picture of this shot is made now. */
  stampNow(shot: ShotSpec): string {
    const { scenes } = this.#world;
    const paths = [pathOf(shot, 'blend'), ...(shot.hasImage ? [pathOf(shot, 'image')] : [])];
    return paths.map((path) => `${path} ${scenes.peek(path)?.crc32c ?? 'absent'}`).join(', ');
  }

  /** Who begins a task now has loaded what is there now, whatever comes afterwards. */
  #turn(shot: ShotSpec): void {
    const stamp = this.stampNow(shot);
    const physics: ShotPhysics = {
      loadSeconds: shot.loadSeconds,
      memoryGiB: shot.memoryGiB,
      secondsOf: () => shot.secondsPerFrame,
      fateOf: (frame, attempt) => fateOf(shot, frame, attempt),
      onPicture: (path) => this.#stamps.set(path, stamp),
      findings: shot.fate === 'badCheck' ? [BAD] : [],
    };
    this.#world.shots.set(shot.name, physics);
  }
}

const BAD = { code: 'badDriver', level: 'error', message: 'a driver fails' } as const;

export function pathOf(shot: ShotSpec, what: What): string {
  if (what === 'image') return `film/${imageName(shot)}`;
  return `${shot.name}${what === 'settings' ? '.render.json' : '.blend'}`;
}

/** The bytes that a run is pinned to. */
export function stampOfPins(run: Pick<RunRecord, 'inputs'>): string {
  return run.inputs.map(({ path, crc32c }) => `${path} ${crc32c}`).join(', ');
}

function imageName({ name }: ShotSpec): string {
  return `${name.slice(name.lastIndexOf('/') + 1)}.png`;
}

function settingsOf(
  { frames, chunkSize, maxDollars, finishBy }: ShotSpec,
  content: number,
  startedAt: number,
): object {
  return {
    frames: `1-${frames}`,
    video: content % 2 === 0,
    ...(chunkSize === null ? {} : { chunkSize }),
    ...(maxDollars === null ? {} : { maxDollars }),
    ...(finishBy === null ? {} : { finishBy: new Date(startedAt + finishBy * 1000).toISOString() }),
  };
}

function fateOf({ fate, frames }: ShotSpec, frame: number, attempt: number): Fate {
  const isIt = frame === Math.ceil(frames / 2);
  if (fate === 'allFail' || (fate === 'oneFails' && isIt)) return 'fails';
  if (fate === 'oneFailsOnce' && isIt && attempt === 1) return 'fails';
  if ((fate === 'oneHangs' && isIt) || (fate === 'oneHangsOnce' && isIt && attempt === 1)) return 'hangs';
  return 'done';
}
