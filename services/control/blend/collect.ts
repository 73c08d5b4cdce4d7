import type { Content } from './content.ts';
import type { Dna } from './dna.ts';
import { BlendError, type BlendFacts } from './facts.ts';
import { createFindings, type Findings } from './findings.ts';
import type { BlockHead, Header } from './header.ts';
import type { Limits } from './limits.ts';
import { ARRAY_BYTES, createMeshArrays, isDataBlockAt } from './mesh-arrays.ts';
import type { RecordView } from './record.ts';
import type { Scope } from './scope.ts';
import { createDataKeeper, openScope, readRecord } from './scope-builder.ts';
import { walkBlocks } from './walk.ts';

/** Blocks that are no data-blocks, so that DATA after them belongs to nobody. */
const NO_SCOPE: ReadonlySet<string> = new Set(['REND', 'TEST', 'USER', 'DNA1']);

/** Nothing that is rendered, and screens are named by an older code than their blocks'. */
const UI_CODES: ReadonlySet<string> = new Set(['SN', 'SR', 'WM', 'WS']);

interface File {
  readonly content: Content;
  readonly header: Header;
  readonly dna: Dna;
  readonly limits: Limits;
}

/** What the blocks of a file say, apart from what was known before the first of them. */
export type Collected = Omit<BlendFacts, 'compression' | 'blenderVersion' | 'bytesTotal' | 'bytesRead'>;

/**
 * One walk over all blocks; what it keeps is let go at the next data-block. `onSettings` is called once, as soon as
 * the scenes are known, and may stop the walk.
 */
export async function collect(
  { content, header, dna, limits }: File,
  onSettings: (sofar: Collected) => 'stop' | undefined,
): Promise<Collected> {
  const found = createFindings(header);
  const keeper = createDataKeeper(content, dna);
  const arrays = createMeshArrays(content, header, dna);
  let scope: Scope | null = null;
  let hasSettings = false;

  const enter = (next: Scope | null): undefined => {
    scope = next;
    keeper.enter(next);
  };
  const takeUp = (block: BlockHead) => (opened: Scope | null) => {
    const doubt = doubtAbout(block, opened, header);
    if (doubt !== null) found.warn(doubt);
    return enter(opened);
  };
  const begin = (block: BlockHead): undefined | 'stop' | Promise<undefined> => {
    if (scope) found.add(scope);
    arrays.enter(block, scope?.data.size ?? 0);
    enter(null);
    if (block.code === 'GLOB') return readGlobal(content, dna, block, found);
    if (NO_SCOPE.has(block.code)) return;
    if (!hasSettings && block.code !== 'SC' && found.hasSettings()) {
      hasSettings = true;
      if (onSettings(found.all()) === 'stop') return 'stop';
    }
    expectScene(dna, block);
    const opened = openScope(content, dna, block);
    return opened instanceof Promise ? opened.then(takeUp(block)) : takeUp(block)(opened);
  };
  const keep = (block: BlockHead): undefined | Promise<undefined | number> => {
    const kept = keeper.keep(block);
    const next = block.length < ARRAY_BYTES ? null : arrays.foresee(block, scope?.data.size ?? 0);
    return next === null ? kept : passOver(next, kept);
  };
  const passOver = async (
    next: number,
    kept: undefined | Promise<undefined>,
  ): Promise<undefined | number> => {
    await kept;
    const isRight = await isDataBlockAt(content, header, dna, next);
    arrays.found(isRight);
    return isRight ? next : undefined;
  };
  const end = await walkBlocks({
    content,
    header,
    limits,
    skipsData: (sdna, length) => keeper.skips(sdna) && !(length >= ARRAY_BYTES && arrays.isWatching()),
    visit: (block) => (block.code === 'DATA' ? keep(block) : begin(block)),
  });
  if (end === 'stopped') return found.all();
  if (scope) found.add(scope);
  if (end === 'ranOut')
    found.warn('The file has no end mark: it may have been cut off after its last block.');
  if (!hasSettings) onSettings(found.all());
  return found.all();
}

/** What is odd about a block, so that what it holds may be overlooked. */
function doubtAbout({ code }: BlockHead, scope: Scope | null, header: Header): string | null {
  if (!scope) return `There are blocks of an unknown kind (${code}): something may be overlooked.`;
  // For data of other files only a name stands here; since 5.0 all of it may, packed into an archive.
  if (code === 'ID' || UI_CODES.has(code)) return null;
  if (scope.isLinked && (code === 'SC' || header.version < 500))
    return `The data-block "${scope.name}" is said to come from another file: it is left out.`;
  const calledName = scope.record.text('id.name') ?? '';
  return calledName.startsWith(code)
    ? null
    : `The data-block "${scope.name}" is not what its block says: it may be damaged.`;
}

function expectScene(dna: Dna, block: BlockHead): void {
  if (block.code === 'SC' && dna.nameAt(block.sdna) !== 'Scene')
    throw new BlendError('corrupt', 'a scene block holds something else');
}

function readGlobal(
  content: Content,
  dna: Dna,
  block: BlockHead,
  found: Findings,
): undefined | Promise<undefined> {
  const struct = dna.at(block.sdna);
  if (struct?.name !== 'FileGlobal') throw new BlendError('corrupt', 'the GLOB block holds something else');
  const keep = (record: RecordView): undefined => found.setGlobal(record);
  const record = readRecord(content, dna, block, struct);
  return record instanceof Promise ? record.then(keep) : keep(record);
}
