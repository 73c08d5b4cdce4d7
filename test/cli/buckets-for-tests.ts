import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { createCloudRenders } from '../../services/control/adapters/gcp/renders.ts';
import { createCloudScenes } from '../../services/control/adapters/gcp/scenes.ts';
import { createCloudUploads } from '../../services/control/adapters/gcp/uploads.ts';
import { createLocalRenders } from '../../services/control/adapters/local/renders.ts';
import { createLocalScenes } from '../../services/control/adapters/local/scenes.ts';
import { createLocalUploads } from '../../services/control/adapters/local/uploads.ts';
import { storageWorld } from '../gcp/storage/storage-world.ts';
import { type Bench, makeApp } from '../http/app-for-tests.ts';
import { randomOf } from '../sim/random.ts';
import { type ShakyNetwork, startShakyNetwork } from './shaky-network.ts';

/** The service's real routes over one kind of buckets, behind a network that is cut now and then. */
export interface BucketsBench extends Bench {
  /** What the person's program calls. */
  readonly url: string;
  readonly network: ShakyNetwork;
  /** Everything that was cut, the way to the bucket itself included. */
  readonly cuts: () => number;
  /** Bytes of an object; `null` = there is none. */
  readonly scene: (path: string) => Uint8Array | null;
  readonly putRender: (path: string, bytes: Uint8Array) => void;
}

export type Kind = 'folders' | 'Cloud Storage';
export const KINDS: readonly Kind[] = ['folders', 'Cloud Storage'];

interface Options {
  readonly meanBytes?: number;
  readonly cutsAtMost?: number;
}

export async function startBuckets(t: TestContext, kind: Kind, options: Options = {}): Promise<BucketsBench> {
  const { meanBytes = 1_000_000, cutsAtMost = 0 } = options;
  const shaky = (to: number, seed: number) => startShakyNetwork(t, { to, seed, meanBytes, cutsAtMost });
  const { bench, scene, putRender, wayToBucket } =
    kind === 'folders' ? localBuckets(t) : await cloudBuckets(t, shaky);
  await bench.app.listen({ port: 0, host: '127.0.0.1' });
  const network = await shaky((bench.app.server.address() as AddressInfo).port, 1);
  return Object.assign(bench, {
    ...{ network, scene, putRender, url: `http://127.0.0.1:${network.port}` },
    cuts: () => network.cuts() + (wayToBucket?.cuts() ?? 0),
  });
}

interface Made {
  readonly bench: Bench;
  readonly scene: BucketsBench['scene'];
  readonly putRender: BucketsBench['putRender'];
  readonly wayToBucket: ShakyNetwork | null;
}

function localBuckets(t: TestContext): Made {
  const dir = tempDir(t);
  const [scenesDir, rendersDir] = [join(dir, 'scenes'), join(dir, 'renders')];
  for (const folder of [scenesDir, rendersDir]) mkdirSync(folder);
  const clock = { now: () => Date.now() };
  const store = createLocalUploads({ scenesDir, uploadsDir: join(dir, 'uploads'), clock });
  const bench = makeApp(t, {
    ...{ uploads: store, uploadStore: store, renders: createLocalRenders({ dir: rendersDir }) },
    // Time stands still for nobody here: a file counts as whole when it has held still for two seconds.
    scenes: createLocalScenes({ dir: scenesDir, storageNow: async () => Date.now() + 10_000 }),
  });
  return {
    bench,
    scene: (path) => readIfThere(join(scenesDir, path)),
    putRender: (path, bytes) => write(join(rendersDir, path), bytes),
    wayToBucket: null,
  };
}

async function cloudBuckets(
  t: TestContext,
  shaky: (to: number, seed: number) => Promise<ShakyNetwork>,
): Promise<Made> {
  const { storage, openBucket } = await storageWorld(t);
  const wayToBucket = await shaky(Number(new URL(storage.url).port), 2);
  const uploads = createCloudUploads({ openBucket, bucket: 'scenes' });
  const bench = makeApp(t, {
    uploads: {
      // The person's program reaches the bucket over its own way.
      begin: async (path, size, origin) => {
        const { url } = await uploads.begin(path, size, origin);
        return { url: Object.assign(new URL(url), { port: String(wayToBucket.port) }).href };
      },
    },
    renders: createCloudRenders({ openBucket, bucket: 'renders' }),
    scenes: createCloudScenes({ openBucket, bucket: 'scenes' }),
    egressPricePerGiB: 0.12,
  });
  return {
    bench,
    scene: (path) => storage.find('scenes', path)?.bytes ?? null,
    putRender: (path, bytes) => void storage.put('renders', path, bytes),
    wayToBucket,
  };
}

export function tempDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'tablao-cli-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export function write(path: string, bytes: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

/** Bytes that cannot be mistaken for others, the same for the same seed. */
export function someBytes(seed: number, size: number): Buffer {
  const random = randomOf(seed, 'bytes');
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4)
    bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), Math.min(at, size - 4));
  return bytes;
}

function readIfThere(path: string): Uint8Array | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
