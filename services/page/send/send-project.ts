import { isBlend, renderJsonOf } from '../../control/core/catalog.ts';
import { post, problemText } from '../api.ts';
import { crcOfBlob } from './crc32c.ts';
import type { ProjectFiles } from './project.ts';
import { type Progress, tellProgress } from './sending.ts';
import { upload, wantReadable } from './upload.ts';

/** One shot to hand over. */
export interface ShotToSend {
  readonly path: string;
  /** What it needs of the project. */
  readonly files: readonly string[];
  /** What it needs and only the bucket has. */
  readonly elsewhere: readonly FileThere[];
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface FileThere {
  readonly path: string;
  readonly size: number;
  readonly crc32c: string | null;
}

interface Pin {
  readonly path: string;
  readonly size: number;
  readonly crc32c: string;
}

/** More at once make nothing faster, and fewer leave a far link idle. */
const AT_ONCE = 4;
const LOOK_AT_ONCE = 200;
const CRC_WAIT_MS = 500;
const CRC_LOOKS = 20;
const SPEED_OVER_MS = 5000;

/**
 * Sends what the bucket does not have of these shots, several files at once, then `<shot>.render.json` of each, which
 * hands it over. Progress and problems are told by `tellProgress`.
 */
export async function sendProject(
  shots: readonly ShotToSend[],
  files: ProjectFiles,
  signal: AbortSignal,
): Promise<void> {
  const paths = [...new Set(shots.flatMap((shot) => shot.files))];
  const meter = createMeter(paths.length + shots.length);
  try {
    const pins = await compare(paths, files, meter, signal);
    const send = async (path: string): Promise<void> => {
      signal.throwIfAborted();
      const pin = pins.get(path);
      const blob = files.get(path);
      if (pin !== undefined && blob !== undefined && !pin.isThere)
        await sendOne(path, blob, pin.crc32c, meter, signal);
    };
    // Without a manifest of before, a new .blend is rendered as soon as its folder is quiet: not with the textures of before.
    await inParallel(
      paths.filter((path) => !isBlend(path)),
      send,
    );
    await inParallel(paths.filter(isBlend), send);
    for (const shot of shots) await handOver(shot, pins, meter, signal);
    meter.tell({ phase: 'done', current: [] });
  } catch (error) {
    const problem = signal.aborted
      ? 'You stopped it. What was sent stays; sending again goes on from there.'
      : problemText(error);
    meter.tell({ phase: 'failed', problem, current: [] });
  }
}

interface Compared extends Pin {
  readonly isThere: boolean;
}

type Meter = ReturnType<typeof createMeter>;

/** Checksums of all files, and which of them the bucket has already. */
async function compare(
  paths: readonly string[],
  files: ProjectFiles,
  meter: Meter,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Compared>> {
  const there = new Map((await lookInBucket(paths)).map((file) => [file.path, file]));
  const pins = new Map<string, Compared>();
  for (const path of paths) {
    signal.throwIfAborted();
    const blob = files.get(path);
    if (blob === undefined) continue;
    meter.tell({ current: [path] });
    await wantReadable({ path, blob });
    const crc32c = await crcOfBlob(blob);
    const isThere = (await crcThere(there.get(path), blob.size)) === crc32c;
    pins.set(path, { path, size: blob.size, crc32c, isThere });
    if (isThere) meter.skip();
    else meter.expect(blob.size);
  }
  meter.tell({ phase: 'sending', current: [] });
  return pins;
}

/** What the bucket has under these paths. */
export async function lookInBucket(paths: readonly string[]): Promise<readonly FileThere[]> {
  const found: FileThere[] = [];
  for (let at = 0; at < paths.length; at += LOOK_AT_ONCE) {
    const some = paths.slice(at, at + LOOK_AT_ONCE);
    found.push(
      ...(await post<{ readonly files: readonly FileThere[] }>('/scenes/look', { paths: some })).files,
    );
  }
  return found;
}

/** A checksum that is still being computed is asked for again; `null` = other bytes, or none. */
async function crcThere(file: FileThere | undefined, size: number): Promise<string | null> {
  if (file === undefined || file.size !== size) return null;
  let { crc32c } = file;
  for (let look = 0; crc32c === null && look < CRC_LOOKS; look += 1) {
    await new Promise((done) => setTimeout(done, CRC_WAIT_MS));
    crc32c = (await lookInBucket([file.path]))[0]?.crc32c ?? null;
  }
  return crc32c;
}

async function sendOne(
  path: string,
  blob: Blob,
  mark: string,
  meter: Meter,
  signal: AbortSignal,
): Promise<void> {
  const file = meter.begin(path);
  await upload({ path, blob, mark, signal, onSent: file.sent, onConnected: meter.connected });
  file.end();
}

async function handOver(
  { path, files, elsewhere, settings }: ShotToSend,
  pins: ReadonlyMap<string, Compared>,
  meter: Meter,
  signal: AbortSignal,
): Promise<void> {
  const sent = files.flatMap((one) => pins.get(one) ?? []);
  const inputs = [...sent, ...elsewhere].flatMap(({ path: input, size, crc32c }) =>
    crc32c === null ? [] : [{ path: input, size, crc32c }],
  );
  const blob = new Blob([`${JSON.stringify({ ...settings, inputs }, null, 2)}\n`]);
  const target = renderJsonOf(path);
  const crc32c = await crcOfBlob(blob);
  const [there] = await lookInBucket([target]);
  // The service takes the same words again for nothing new, so they need not be sent.
  if ((await crcThere(there, blob.size)) === crc32c) {
    meter.skip();
    return;
  }
  meter.expect(blob.size);
  await sendOne(target, blob, crc32c, meter, signal);
  meter.handedOver(path);
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items].reverse();
  const worker = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function createMeter(filesTotal: number) {
  let progress: Progress = {
    phase: 'comparing',
    filesTotal,
    filesDone: 0,
    filesSkipped: 0,
    bytesTotal: 0,
    bytesSent: 0,
    bytesPerSecond: 0,
    isConnected: true,
    current: [],
    problem: null,
    shots: [],
  };
  let marks: readonly { readonly at: number; readonly bytes: number }[] = [];
  const tell = (change: Partial<Progress>): void => {
    progress = { ...progress, ...change };
    tellProgress(progress);
  };
  const sent = (bytes: number): void => {
    const at = performance.now();
    const bytesSent = progress.bytesSent + bytes;
    marks = [...marks.filter((mark) => at - mark.at < SPEED_OVER_MS), { at, bytes: bytesSent }];
    const [first] = marks;
    const seconds = first === undefined ? 0 : (at - first.at) / 1000;
    const bytesPerSecond =
      first === undefined || seconds < 0.2 ? 0 : Math.max(0, (bytesSent - first.bytes) / seconds);
    tell({ bytesSent, bytesPerSecond });
  };
  return {
    tell,
    expect: (bytes: number) => tell({ bytesTotal: progress.bytesTotal + bytes }),
    skip: () => tell({ filesDone: progress.filesDone + 1, filesSkipped: progress.filesSkipped + 1 }),
    connected: (isConnected: boolean) => {
      if (progress.isConnected !== isConnected) tell({ isConnected });
    },
    handedOver: (shot: string) => tell({ shots: [...progress.shots, shot] }),
    begin: (path: string) => {
      let before = 0;
      tell({ current: [...progress.current, path] });
      return {
        sent: (bytes: number) => {
          sent(bytes - before);
          before = bytes;
        },
        end: () =>
          tell({
            filesDone: progress.filesDone + 1,
            current: progress.current.filter((one) => one !== path),
          }),
      };
    },
  };
}
