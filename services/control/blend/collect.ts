import type { Content } from './content.ts';
import type { Dna } from './dna.ts';
import { filesOf } from './external.ts';
import { BlendError, type ExternalFile, type SceneFacts } from './facts.ts';
import type { BlockHead, Header } from './header.ts';
import type { RecordView } from './record.ts';
import { readScene } from './scene.ts';
import type { Scope } from './scope.ts';
import { createDataKeeper, openScope, readRecord } from './scope-builder.ts';
import { walkBlocks } from './walk.ts';

/** Blocks that are no data-blocks, so that DATA after them belongs to nobody. */
const NO_SCOPE: ReadonlySet<string> = new Set(['REND', 'TEST', 'USER', 'DNA1']);
const MAX_SCENES = 10_000;
/** A sequencer with a day of pictures has two million; nobody reads such a list, and each entry is memory. */
const MAX_FILES = 200_000;
const MAX_WARNINGS = 100;

export interface Collected {
  readonly scenes: readonly { readonly old: bigint; readonly facts: SceneFacts }[];
  /** Stand-ins for scenes of other files. */
  readonly linkedScenes: ReadonlyMap<bigint, string>;
  readonly files: readonly ExternalFile[];
  /** Address of the active scene; null if the file has no `GLOB`. */
  readonly activeScene: bigint | null;
  readonly warnings: readonly string[];
}

/** One walk over all blocks; what it keeps is let go at the next data-block. */
export async function collect(content: Content, header: Header, dna: Dna): Promise<Collected> {
  const found = createFindings(header);
  const keeper = createDataKeeper(content, dna);
  let scope: Scope | null = null;

  const begin = async (block: BlockHead): Promise<undefined> => {
    if (scope) found.add(scope);
    scope = null;
    if (block.code === 'GLOB') found.setGlobal(await readGlobal(content, dna, block));
    else if (!NO_SCOPE.has(block.code)) scope = await openScope(content, dna, expectScene(dna, block));
  };
  const end = await walkBlocks(content, header, (block) => {
    if (block.code !== 'DATA') return begin(block);
    return scope && keeper.isWanted(scope, block) ? keeper.keep(scope, block) : undefined;
  });
  if (scope) found.add(scope);
  if (end === 'ranOut')
    found.warn('The file has no end mark: it may have been cut off after its last block.');
  return found.all();
}

function expectScene(dna: Dna, block: BlockHead): BlockHead {
  if (block.code === 'SC' && dna.nameAt(block.sdna) !== 'Scene')
    throw new BlendError('corrupt', 'a scene block holds something else');
  return block;
}

async function readGlobal(content: Content, dna: Dna, block: BlockHead): Promise<RecordView> {
  const struct = dna.at(block.sdna);
  if (struct?.name !== 'FileGlobal') throw new BlendError('corrupt', 'the GLOB block holds something else');
  return readRecord(content, dna, block, struct);
}

function createFindings(header: Header) {
  const scenes: { old: bigint; facts: SceneFacts }[] = [];
  const linkedScenes = new Map<bigint, string>();
  const files = new Map<string, ExternalFile>();
  const warnings: string[] = [];
  let global: RecordView | null = null;

  const warn = (text: string): void => {
    if (warnings.length < MAX_WARNINGS && !warnings.includes(text)) warnings.push(text);
  };
  const addFile = (file: ExternalFile): void => {
    if (files.size >= MAX_FILES) warn(`It refers to more than ${MAX_FILES} files: the list ends there.`);
    else files.set(JSON.stringify(file), file);
  };
  const addScene = (scope: Scope): void => {
    if (scenes.length >= MAX_SCENES) throw new BlendError('tooLarge', `more than ${MAX_SCENES} scenes`);
    const savedBy = { version: header.version, subversion: global?.number('subversion') ?? 0 };
    scenes.push({ old: scope.old, facts: readScene(scope, savedBy, warn) });
  };
  return {
    warn,
    setGlobal: (record: RecordView): void => {
      global = record;
    },
    add: (scope: Scope): void => {
      if (!scope.isComplete) warn(`"${scope.name}" holds more than is read: something may be overlooked.`);
      if (scope.code === 'SC' && !scope.isLinked) addScene(scope);
      if (scope.code === 'ID' && isSceneName(scope)) linkedScenes.set(scope.old, scope.name);
      for (const file of filesOf(scope, warn)) addFile(file);
    },
    all: (): Collected => ({
      scenes,
      linkedScenes,
      files: [...files.values()],
      activeScene: global?.pointer('curscene') ?? null,
      warnings,
    }),
  };
}

function isSceneName(scope: Scope): boolean {
  return scope.record.text('name')?.startsWith('SC') ?? false;
}
