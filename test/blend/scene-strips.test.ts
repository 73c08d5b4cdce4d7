import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Block,
  buildBlend,
  CLASSIC,
  GLOBAL,
  STRUCTS,
  type Structs,
  sceneBlock,
  type Values,
} from './builder.ts';
import { read } from './sources.ts';

const WITH_STRIPS: Structs = {
  ...STRUCTS,
  Editing: ['ListBase seqbase', 'ListBase channels'],
  SeqTimelineChannel: ['void *next', 'int index', 'int flag'],
  Sequence: [
    'void *next',
    'ListBase seqbase',
    'ListBase channels',
    'int machine',
    'int pad2',
    'int type',
    'int flag',
    'int start',
    'int len',
    'int anim_startofs',
    'float strobe',
    'float speed_factor',
    'int pad',
    'void *scene',
    'void *strip',
  ],
  Strip: ['void *stripdata', 'char dir[768]'],
  StripElem: ['char name[256]'],
  ImageUser: ['int sfra', 'int frames', 'int offset', 'int cycl'],
  Tex: ['ID id', 'void *ima', 'ImageUser iuser'],
  Volume: [
    'ID id',
    'char filepath[1024]',
    'char is_sequence',
    'char sequence_mode',
    'char pad[2]',
    'int frame_start',
    'int frame_duration',
    'int frame_offset',
  ],
};

const IMAGE = 0;
const META = 1;
const SCENE = 2;
const SPEED = 29;
const MUTED = 1 << 5;
const REVERSED = 1 << 7;
const SHOT = 0x20n;

function data(struct: string, old: bigint, values: Values): Block {
  return { code: 'DATA', old, struct, values };
}

/** A scene that begins at frame 1 and has a picture strip, a texture and a volume of sequences, after an edit with these strips. */
async function files(...strips: readonly Values[]) {
  const blocks: readonly Block[] = [
    GLOBAL,
    sceneBlock({ 'id.name': 'SCEdit' }),
    ...strips.map((values, index) => data('Sequence', BigInt(0x100 + index), values)),
    sceneBlock({ 'id.name': 'SCShot' }, SHOT),
    data('Sequence', 0x200n, { type: IMAGE, start: 1, len: 1, strip: 0x201n }),
    data('Strip', 0x201n, { stripdata: 0x202n, dir: '//plates/' }),
    data('StripElem', 0x202n, { name: 'p_1.png' }),
    {
      code: 'IM',
      old: 0x30n,
      struct: 'Image',
      values: { 'id.name': 'IMSea', name: '//sea_1.png', source: 2 },
    },
    {
      code: 'VO',
      old: 0x32n,
      struct: 'Volume',
      values: { 'id.name': 'VOFog', filepath: '//fog_1.vdb', is_sequence: 1, frame_duration: 5 },
    },
    { code: 'TE', old: 0x31n, struct: 'Tex', values: { 'id.name': 'TEx', ima: 0x30n, 'iuser.frames': 5 } },
  ];
  const facts = await read(buildBlend(CLASSIC, blocks, { structs: WITH_STRIPS }));
  const told = facts.externalFiles.map(({ path, shown, onFrames }) => ({ path, shown, onFrames }));
  // Libraries are told the same.
  assert.equal(
    facts.isRetimed,
    told.every(({ shown, onFrames }) => !shown && !onFrames),
  );
  return told;
}

const TOLD = [
  { path: '//plates/p_1.png', shown: undefined, onFrames: { from: 1, to: 1 } },
  {
    path: '//sea_1.png',
    shown: [{ start: 0, frames: 5, offset: 0, mode: 'extend' }],
    onFrames: undefined,
  },
  {
    path: '//fog_1.vdb',
    shown: [{ start: 0, frames: 5, offset: 0, mode: 'clip' }],
    onFrames: undefined,
  },
];
const NOT_TOLD = TOLD.map(({ path }) => ({ path, shown: undefined, onFrames: undefined }));

describe('on which frames a file is seen', () => {
  const strip = { type: SCENE, start: 1, len: 10, scene: SHOT };
  for (const [what, expected, ...strips] of [
    ['is told of a scene that no strip shows', TOLD],
    ['is told of a scene that a strip shows on its own frames', TOLD, strip],
    ['is not told of one that is seen earlier', NOT_TOLD, { ...strip, start: -5 }],
    ['is not told of one that begins in its middle', NOT_TOLD, { ...strip, anim_startofs: 3 }],
    ['is told where both make up for each other', TOLD, { ...strip, start: 4, anim_startofs: 3 }],
    ['is not told of one that is played backwards', NOT_TOLD, { ...strip, flag: REVERSED }],
    ['is not told of one that is played faster', NOT_TOLD, { ...strip, speed_factor: 2 }],
    ['is not told where a speed effect may be on it', NOT_TOLD, strip, { type: SPEED }],
    ['is told where the strip is muted', TOLD, { ...strip, start: -5, flag: MUTED }],
    ['is told where the scene is another file’s', TOLD, { ...strip, start: -5, scene: 0x77n }],
  ] as const)
    it(what, async () => {
      assert.deepEqual(await files(...strips), expected);
    });
});

describe('the pictures of a strip', () => {
  it('are never seen where they were cut off for good', async () => {
    const scene = sceneBlock({ ed: 0x50n });
    const facts = await read(
      buildBlend(
        CLASSIC,
        [
          GLOBAL,
          scene,
          data('Editing', 0x50n, { 'seqbase.first': 0x60n }),
          data('Sequence', 0x60n, { type: IMAGE, start: 1, len: 2, anim_startofs: 1, strip: 0x61n }),
          data('Strip', 0x61n, { stripdata: 0x62n, dir: '//' }),
          {
            code: 'DATA',
            old: 0x62n,
            struct: 'StripElem',
            values: [{ name: '0.png' }, { name: '1.png' }, { name: '2.png' }, { name: '3.png' }],
          },
        ],
        { structs: WITH_STRIPS },
      ),
    );
    assert.deepEqual(
      facts.externalFiles.map(({ onFrames }) => onFrames),
      [
        { from: 1, to: 0 },
        { from: 1, to: 1 },
        { from: 2, to: 2 },
        { from: 1, to: 0 },
      ],
    );
  });
});

/** The strips of an edit: `A` in channel 1 and a meta strip in channel 2, in which `B` and another meta strip are. */
async function paths(
  more: Readonly<Record<'a' | 'meta' | 'b' | 'inner' | 'channel' | 'innerChannel', Values>>,
) {
  const strip = (old: bigint, values: Values) => data('Sequence', old, { type: IMAGE, len: 1, ...values });
  const file = (old: bigint, name: string) => [
    data('Strip', old, { stripdata: old + 1n, dir: '//' }),
    data('StripElem', old + 1n, { name }),
  ];
  const facts = await read(
    buildBlend(
      CLASSIC,
      [
        GLOBAL,
        sceneBlock({ ed: 0x50n }),
        data('Editing', 0x50n, { 'seqbase.first': 0x60n, 'channels.first': 0x51n }),
        data('SeqTimelineChannel', 0x51n, { index: 2, ...more.channel }),
        strip(0x60n, { next: 0x61n, machine: 1, strip: 0x70n, ...more.a }),
        strip(0x61n, {
          ...{ type: META, machine: 2, 'seqbase.first': 0x62n, 'channels.first': 0x52n },
          ...more.meta,
        }),
        data('SeqTimelineChannel', 0x52n, { index: 1, ...more.innerChannel }),
        strip(0x62n, { next: 0x63n, machine: 1, strip: 0x80n, ...more.b }),
        strip(0x63n, { type: META, machine: 2, ...more.inner }),
        ...file(0x70n, 'a.png'),
        ...file(0x80n, 'b.png'),
      ],
      { structs: WITH_STRIPS },
    ),
  );
  return facts.externalFiles.map(({ path }) => path);
}

describe('the files of strips', () => {
  const plain = { a: {}, meta: {}, b: {}, inner: {}, channel: {}, innerChannel: {} };
  const CHANNEL_MUTED = 1 << 1;
  for (const [what, expected, more] of [
    ['are told of all of them', ['//a.png', '//b.png'], {}],
    ['are left out of one that is muted', ['//b.png'], { a: { flag: MUTED } }],
    ['are left out of what is in a meta strip that is muted', ['//a.png'], { meta: { flag: MUTED } }],
    ['are left out of what is in a channel that is muted', ['//a.png'], { channel: { flag: CHANNEL_MUTED } }],
    [
      'are left out of a muted channel of a meta strip',
      ['//a.png'],
      { innerChannel: { flag: CHANNEL_MUTED } },
    ],
    [
      'are told of all where a meta strip is in itself',
      ['//a.png', '//b.png'],
      { inner: { 'seqbase.first': 0x62n } },
    ],
    ['are told of all where a list breaks off', ['//a.png', '//b.png'], { b: { next: 0x999n } }],
  ] as const)
    it(what, async () => {
      assert.deepEqual(await paths({ ...plain, ...more }), expected);
    });
});
