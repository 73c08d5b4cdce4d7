// Builds .blend files byte by byte, with a small DNA of its own, in every header format, byte order and pointer size.

export interface Layout {
  readonly format: 0 | 1;
  readonly pointerSize: 4 | 8;
  readonly littleEndian: boolean;
  readonly version: number;
}

export type Values = Readonly<Record<string, number | bigint | string>>;

export interface Block {
  readonly code: string;
  readonly old?: bigint;
  /** Struct of the body, or none for raw bytes. */
  readonly struct?: string;
  /** One struct, or several behind one another. */
  readonly values?: Values | readonly Values[];
  readonly raw?: Uint8Array;
}

export type Structs = Readonly<Record<string, readonly string[]>>;

const BASIC: Readonly<Record<string, number>> = { char: 1, short: 2, int: 4, float: 4, double: 8, void: 0 };

/** Members as C declares them; only what the reader looks at, in an order that no Blender has. */
export const STRUCTS: Structs = {
  Filler: ['int nothing'],
  ListBase: ['void *first', 'void *last'],
  ID: ['void *next', 'void *lib', 'char name[66]', 'char pad[6]', 'IDProperty *properties'],
  IDPropertyData: ['void *pointer', 'ListBase group', 'int val', 'int val2'],
  IDProperty: [
    'IDProperty *next',
    'char type',
    'char pad[7]',
    'char name[64]',
    'IDPropertyData data',
    'int len',
  ],
  FileGlobal: ['short subversion', 'short pad[3]', 'void *curscene'],
  ImageFormatData: ['char imtype', 'char depth', 'char views_format', 'char pad'],
  RenderData: [
    'ImageFormatData im_format',
    'char pic[1024]',
    'int sfra',
    'int efra',
    'int cfra',
    'int frame_step',
    'int xsch',
    'int ysch',
    'int mode',
    'int scemode',
    'short frs_sec',
    'short size',
    'short alphamode',
    'short pad',
    'float frs_sec_base',
    'char engine[32]',
  ],
  SceneEEVEE: ['int taa_render_samples', 'int pad'],
  Scene: [
    'ID id',
    'void *camera',
    'void *ed',
    'void *set',
    'ListBase markers',
    'ListBase view_layers',
    'RenderData r',
    'SceneEEVEE eevee',
  ],
  ViewLayer: ['ViewLayer *next', 'char name[64]', 'int flag', 'int pad'],
  TimeMarker: ['TimeMarker *next', 'void *camera', 'char name[64]'],
  Editing: ['ListBase seqbase'],
  Image: ['ID id', 'char name[1024]', 'short source', 'short pad[3]', 'void *packedfile'],
  Library: ['ID id', 'char name[1024]', 'void *packedfile'],
  Object: ['ID id', 'int type', 'int pad'],
  MeshCacheModifierData: ['char filepath[1024]'],
};

/** Values that make a scene which can be rendered. */
const SCENE: Values = {
  'id.name': 'SCScene',
  camera: 0x99n,
  'r.sfra': 1,
  'r.efra': 10,
  'r.cfra': 4,
  'r.frame_step': 2,
  'r.frs_sec': 25,
  'r.frs_sec_base': 1,
  'r.xsch': 640,
  'r.ysch': 480,
  'r.size': 50,
  'r.engine': 'BLENDER_EEVEE',
  'r.pic': '//out\\frame',
  'r.im_format.imtype': 17,
  'r.im_format.depth': 2,
  'eevee.taa_render_samples': 33,
};

export const GLOBAL: Block = {
  code: 'GLOB',
  old: 1n,
  struct: 'FileGlobal',
  values: { subversion: 6, curscene: 0x10n },
};

export const CLASSIC: Layout = { format: 0, pointerSize: 8, littleEndian: true, version: 304 };

/** One scene as block at 0x10, with other values where given. */
export function sceneBlock(values: Values = {}, old = 0x10n): Block {
  return { code: 'SC', old, struct: 'Scene', values: { ...SCENE, ...values } };
}

interface Options {
  readonly structs?: Structs;
  readonly withEnd?: boolean;
}

/** The whole file: header, the blocks, DNA and end mark. */
export function buildBlend(layout: Layout, blocks: readonly Block[], options: Options = {}): Uint8Array {
  const dna = createDna(layout, options.structs ?? STRUCTS);
  const parts = [
    headerBytes(layout),
    ...blocks.map((block) => blockBytes(layout, dna, block)),
    head(layout, { code: 'DNA1', length: dna.body.length, old: 5n, sdna: 0, count: 1 }),
    dna.body,
    ...(options.withEnd === false
      ? []
      : [head(layout, { code: 'ENDB', length: 0, old: 0n, sdna: 0, count: 0 })]),
  ];
  return Buffer.concat(parts);
}

function headerBytes({ format, pointerSize, littleEndian, version }: Layout): Uint8Array {
  const digits = String(version).padStart(format === 1 ? 4 : 3, '0');
  if (format === 1) return Buffer.from(`BLENDER17-01v${digits}`);
  return Buffer.from(`BLENDER${pointerSize === 8 ? '-' : '_'}${littleEndian ? 'v' : 'V'}${digits}`);
}

interface HeadValues {
  readonly code: string;
  readonly length: number;
  readonly old: bigint;
  readonly sdna: number;
  readonly count: number;
}

/** A block's head alone, for files that lie about what follows. */
export function head(layout: Layout, { code, length, old, sdna, count }: HeadValues): Uint8Array {
  const little = layout.littleEndian;
  const bytes = new Uint8Array(layout.format === 1 ? 32 : 16 + layout.pointerSize);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from(little ? code.padEnd(4, '\0') : code.padStart(4, '\0')));
  if (layout.format === 1) {
    view.setInt32(4, sdna, true);
    view.setBigUint64(8, old, true);
    view.setBigInt64(16, BigInt(length), true);
    view.setBigInt64(24, BigInt(count), true);
    return bytes;
  }
  view.setInt32(4, length, little);
  setPointer(view, 8, old, layout);
  view.setInt32(8 + layout.pointerSize, sdna, little);
  view.setInt32(12 + layout.pointerSize, count, little);
  return bytes;
}

function blockBytes(layout: Layout, dna: BuiltDna, block: Block): Uint8Array {
  const { struct } = block;
  const items = struct === undefined ? [] : [block.values ?? {}].flat();
  const body =
    struct === undefined
      ? (block.raw ?? new Uint8Array(0))
      : Buffer.concat(items.map((v) => dna.encode(struct, v)));
  const sdna = struct === undefined ? 0 : dna.indexOf(struct);
  const count = Math.max(items.length, 1);
  return Buffer.concat([
    head(layout, { code: block.code, length: body.length, old: block.old ?? 0n, sdna, count }),
    body,
  ]);
}

interface BuiltDna {
  readonly body: Uint8Array;
  indexOf(struct: string): number;
  encode(struct: string, values: Values): Uint8Array;
}

interface Member {
  readonly type: string;
  readonly name: string;
  readonly base: string;
  readonly count: number;
  readonly isPointer: boolean;
}

function createDna(layout: Layout, structs: Structs): BuiltDna {
  const members = new Map(Object.entries(structs).map(([name, lines]) => [name, lines.map(parseMember)]));
  const sizes = new Map(Object.entries(BASIC));
  const sizeOf = (type: string): number =>
    sizes.get(type) ?? (members.get(type) ?? []).reduce((sum, member) => sum + memberSize(member), 0);
  const memberSize = (member: Member): number =>
    (member.isPointer ? layout.pointerSize : sizeOf(member.type)) * member.count;

  const place = (struct: string, path: readonly string[]): { offset: number; member: Member } => {
    let offset = 0;
    for (const member of members.get(struct) ?? []) {
      if (member.base !== path[0]) {
        offset += memberSize(member);
        continue;
      }
      if (path.length === 1) return { offset, member };
      const inner = place(member.type, path.slice(1));
      return { offset: offset + inner.offset, member: inner.member };
    }
    throw new Error(`no ${path.join('.')} in ${struct}`);
  };

  const encode = (struct: string, values: Values): Uint8Array => {
    const bytes = new Uint8Array(sizeOf(struct));
    for (const [path, value] of Object.entries(values)) {
      const { offset, member } = place(struct, path.split('.'));
      write(bytes, offset, member, value, layout);
    }
    return bytes;
  };
  const names = [...members.keys()];
  return { body: dnaBody(layout, members, sizeOf), indexOf: (struct) => names.indexOf(struct), encode };
}

function parseMember(line: string): Member {
  const [type = '', name = ''] = line.split(' ');
  const count = [...name.matchAll(/\[(\d+)\]/g)].reduce((product, match) => product * Number(match[1]), 1);
  return {
    type,
    name,
    base: name.replace(/^\*+/, '').replace(/\[.*/, ''),
    count,
    isPointer: name.startsWith('*'),
  };
}

function write(bytes: Uint8Array, at: number, member: Member, value: Values[string], layout: Layout): void {
  const view = new DataView(bytes.buffer);
  const little = layout.littleEndian;
  if (typeof value === 'string') bytes.set(Buffer.from(value), at);
  else if (typeof value === 'bigint') setPointer(view, at, value, layout);
  else if (member.type === 'char') view.setUint8(at, value);
  else if (member.type === 'short') view.setInt16(at, value, little);
  else if (member.type === 'float') view.setFloat32(at, value, little);
  else view.setInt32(at, value, little);
}

function setPointer(view: DataView, at: number, value: bigint, { pointerSize, littleEndian }: Layout): void {
  if (pointerSize === 4) view.setUint32(at, Number(value), littleEndian);
  else view.setBigUint64(at, value, littleEndian);
}

function dnaBody(
  { littleEndian }: Layout,
  structs: ReadonlyMap<string, readonly Member[]>,
  sizeOf: (type: string) => number,
): Uint8Array {
  const used = [...structs.values()].flat();
  const names = [...new Set(used.map((member) => member.name))];
  const types = [
    ...new Set([...Object.keys(BASIC), ...structs.keys(), ...used.map((member) => member.type)]),
  ];
  const int = (value: number) => numberBytes(value, 4, littleEndian);
  const short = (value: number) => numberBytes(value, 2, littleEndian);
  const list = (mark: string, strings: readonly string[]) =>
    padded([Buffer.from(mark), int(strings.length), ...strings.map((text) => Buffer.from(`${text}\0`))]);
  const rows = [...structs].flatMap(([name, members]) => [
    short(types.indexOf(name)),
    short(members.length),
    ...members.flatMap((member) => [short(types.indexOf(member.type)), short(names.indexOf(member.name))]),
  ]);
  return Buffer.concat([
    Buffer.from('SDNA'),
    list('NAME', names),
    list('TYPE', types),
    padded([Buffer.from('TLEN'), ...types.map((type) => short(sizeOf(type)))]),
    Buffer.from('STRC'),
    int(structs.size),
    ...rows,
  ]);
}

function numberBytes(value: number, size: 2 | 4, little: boolean): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (size === 2) view.setUint16(0, value, little);
  else view.setUint32(0, value, little);
  return bytes;
}

function padded(parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([...parts, new Uint8Array((4 - (length % 4)) % 4)]);
}
