import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { blendTools } from '../../services/control/adapters/local/blend-tools.ts';
import { BlendError, type BlendFacts } from '../../services/control/blend/facts.ts';
import { DATA_STRUCTS, SCENE_STRUCTS } from '../../services/control/blend/kept-structs.ts';
import { readBlend } from '../../services/control/blend/read.ts';
import { blocksOf, type RealBlock } from './real-blocks.ts';
import { memorySource, SCENES, sceneFile, unpackZstd } from './sources.ts';

const FILES = globSync('*/needs.blend', { cwd: SCENES }).map((file) => file.replace('.blend', ''));
const CODE_BYTES = 4;
/** More of them: FUZZ_RUNS=2000. */
const RUNS = { seed: 20_261_124, numRuns: Number(process.env.FUZZ_RUNS ?? 40) };

/** One byte becomes another one. */
interface Mutation {
  readonly at: number;
  readonly mask: number;
}

describe('one changed byte', () => {
  assert.ok(FILES.length >= 3);
  for (const file of FILES)
    describe(`of ${file}.blend`, async () => {
      const bytes = unpackZstd(sceneFile(file));
      const blocks = blocksOf(bytes);
      const before = await facts(bytes);

      it('changes nothing where Blender keeps what is not asked about', async () => {
        const places = blocks.filter((block) => !isRead(block));
        await forMutations(bodies(places), async (mutation) => {
          assert.deepEqual(await facts(mutated(bytes, mutation)), before);
        });
      });

      it('changes only what is said of the data-block that it belongs to', async () => {
        const places = blocks.filter((block) => isRead(block) && block.owner.startsWith('SC'));
        await forMutations(bodies(places), async (mutation, { owner }) => {
          const after = await factsOrError(mutated(bytes, mutation));
          if (after instanceof BlendError) return;
          assert.deepEqual(ofOthers(after, before, owner.slice(2)), ofOthers(before, before, owner.slice(2)));
        });
      });

      it('is an error or a warning in the codes that tell what a block is', async () => {
        const codes = blocks.map((block) => ({ block, from: block.at, to: block.at + CODE_BYTES }));
        await forMutations(codes, async (mutation) => {
          const after = await factsOrError(mutated(bytes, mutation));
          if (after instanceof BlendError || after.warnings.length > 0) return;
          assert.deepEqual(after, before);
        });
      });

      it('is an error or facts, in the header, the heads and the DNA', async () => {
        const dna = blocks.filter((block) => block.code === 'DNA1').map((block) => whole(block));
        const heads = blocks.map((block) => ({ block, from: block.at, to: block.body }));
        const header = blocks.slice(0, 1).map((block) => ({ block, from: 0, to: block.at }));
        await forMutations([...header, ...dna, ...heads], async (mutation) => {
          await factsOrError(mutated(bytes, mutation));
        });
      });
    });
});

interface Place {
  readonly block: RealBlock;
  readonly from: number;
  readonly to: number;
}

function bodies(blocks: readonly RealBlock[]): readonly Place[] {
  return blocks.map((block) => ({ block, from: block.body, to: block.end }));
}

function whole(block: RealBlock): Place {
  return { block, from: block.at, to: block.end };
}

/** Its body is looked into: raw bytes may be a path, and of all data-blocks the name is read. */
function isRead({ code, struct }: RealBlock): boolean {
  if (code === 'DATA') return struct === '' || DATA_STRUCTS.has(struct) || SCENE_STRUCTS.has(struct);
  return !['REND', 'TEST', 'ENDB'].includes(code);
}

async function forMutations(
  places: readonly Place[],
  check: (mutation: Mutation, block: RealBlock) => Promise<void>,
): Promise<void> {
  const some = places.filter((place) => place.to > place.from);
  const chosen = fc
    .tuple(fc.nat(some.length - 1), fc.nat(2 ** 30), fc.integer({ min: 1, max: 255 }))
    .map(([index, offset, mask]) => {
      const place = some[index];
      assert.ok(place);
      return { block: place.block, mutation: { at: place.from + (offset % (place.to - place.from)), mask } };
    });
  await fc.assert(
    fc.asyncProperty(chosen, ({ mutation, block }) => check(mutation, block)),
    RUNS,
  );
}

function mutated(bytes: Uint8Array, { at, mask }: Mutation): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = (copy[at] ?? 0) ^ mask;
  return copy;
}

function facts(bytes: Uint8Array): Promise<BlendFacts> {
  return readBlend(memorySource(bytes), blendTools);
}

async function factsOrError(bytes: Uint8Array): Promise<BlendFacts | BlendError> {
  return facts(bytes).catch((error: unknown) => {
    if (error instanceof BlendError) return error;
    throw error;
  });
}

/** All that is said of everything but one scene, which may have another name by now. */
function ofOthers(after: BlendFacts, before: BlendFacts, name: string) {
  const index = before.scenes.findIndex((scene) => scene.name === name);
  const names = [name, after.scenes[index]?.name];
  const isOthers = ({ owner }: { readonly owner: string }) => !names.includes(owner);
  return {
    scenes: after.scenes.filter((_, at) => at !== index),
    // A scene's compositor may show an image.
    externalFiles: after.externalFiles.filter(isOthers).map(({ shown: _, ...file }) => file),
    drivers: after.scripts.drivers.filter(isOthers),
    simulations: after.simulations.filter(isOthers),
    // Its own nodes are nobody's once it no longer says where they are.
    outputNodes: after.outputNodes.filter(({ scene }) => scene !== null && !names.includes(scene)),
  };
}
