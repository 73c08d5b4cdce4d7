// A second, plain way through a real file that lies whole in memory: where its blocks and fields are. Tests change
// files with it, and know what the change is about.
import { parseDna } from '../../services/control/blend/dna.ts';
import { parseBlockHead, parseHeader } from '../../services/control/blend/header.ts';

export interface RealBlock {
  readonly code: string;
  readonly struct: string;
  /** Where its head, its body and the next block begin. */
  readonly at: number;
  readonly body: number;
  readonly end: number;
  /** Code and name of the data-block that it is or belongs to: `SCScene`; empty for none. */
  readonly owner: string;
}

/** All blocks of an uncompressed file. */
export function blocksOf(file: Uint8Array): readonly RealBlock[] {
  const header = parseHeader(file);
  const dna = dnaOf(file);
  const nameAt = dna.named('ID')?.fields.get('name')?.offset ?? 0;
  const blocks: RealBlock[] = [];
  let owner = '';
  for (let at = header.bytes; ; ) {
    const { code, body, length, sdna } = parseBlockHead(
      header,
      file.subarray(at, at + header.blockHeadBytes),
      at,
    );
    const struct = dna.nameAt(sdna) ?? '';
    if (code !== 'DATA') owner = /^[A-Z]{2}$/.test(code) ? textAt(file, body + nameAt) : '';
    blocks.push({ code, struct, at, body, end: body + length, owner });
    if (code === 'ENDB') return blocks;
    at = body + length;
  }
}

/** Where the field `r.im_format.imtype` of a struct lies in its body, and its type. */
export function placeOf(file: Uint8Array, struct: string, path: string): { offset: number; type: string } {
  const dna = dnaOf(file);
  let offset = 0;
  let type = struct;
  for (const name of path.split('.')) {
    const field = dna.named(type)?.fields.get(name);
    if (!field) throw new Error(`no ${path} in ${struct}`);
    offset += field.offset;
    type = field.type;
  }
  return { offset, type };
}

function dnaOf(file: Uint8Array) {
  const header = parseHeader(file);
  return parseDna(file.subarray(Buffer.from(file).lastIndexOf('DNA1') + header.blockHeadBytes), header);
}

function textAt(file: Uint8Array, at: number): string {
  return Buffer.from(file.subarray(at, file.indexOf(0, at))).toString('utf8');
}
