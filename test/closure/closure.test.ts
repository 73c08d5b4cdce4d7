import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { closureOf } from '../../services/control/core/closure.ts';
import {
  numberIn,
  sequenceName,
  sequencePath,
  shownNumbers,
  spansOf,
} from '../../services/control/core/sequence.ts';
import { type Bucket, catalogOf, meet, missingOf, pinsOf } from './bucket.ts';

const frames = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
const names = (stem: string, numbers: readonly number[]) =>
  numbers.map((number) => `f/${stem}_${String(number).padStart(4, '0')}.png`);

describe('the closure of a shot', () => {
  test('has what its libraries’ libraries refer to, each from its own folder, and ends where they go in circles', () => {
    const bucket: Bucket = {
      blends: {
        'film/shots/a.blend': ['//../chars/hero.blend'],
        'film/chars/hero.blend': ['//tex/skin.png', '//../props/sword.blend'],
        'film/props/sword.blend': ['//metal.png', '//../chars/hero.blend', '//sword.blend'],
      },
      files: ['film/chars/tex/skin.png', 'film/props/metal.png'],
    };
    assert.deepEqual(pinsOf(meet(bucket)), [...bucket.files, ...Object.keys(bucket.blends)].sort());
  });

  test('needs an image of a library that only somebody else shows, and any picture of its sequence', () => {
    const never = { path: '//wood.png', owner: 'Wood', isOptional: true };
    const sea = { path: '//sea_0001.png', owner: 'Sea', shape: 'sequence' } as const;
    const shown = [{ start: 1, frames: 9, offset: 0, mode: 'clip' }] as const;
    const library = [never, { ...never, path: '//idle.png', owner: 'Idle' }, { ...sea, shown }];
    const linked = (...names: readonly string[]) => ({
      references: ['//lib/b.blend'],
      linkedImages: names.map((name) => ({ library: '//lib/b.blend', name })),
    });
    const bucket = (...names: readonly string[]): Bucket => ({
      blends: { 'f/a.blend': linked(...names), 'f/lib/b.blend': library },
      files: ['f/lib/sea_0001.png', 'f/lib/sea_0007.png'],
    });
    const frames = { frames: [1] };
    assert.deepEqual(pinsOf(meet(bucket(), frames)), ['f/a.blend', 'f/lib/b.blend', 'f/lib/sea_0001.png']);
    assert.deepEqual(missingOf(meet(bucket('Wood'), frames)), ['f/lib/wood.png']);
    assert.ok(pinsOf(meet(bucket('Sea'), frames)).includes('f/lib/sea_0007.png'));
  });

  test('takes of a library’s sequence what there is where the shot shows its scenes on other frames', () => {
    const shown = [{ start: 1, frames: 9, offset: 0, mode: 'clip' }] as const;
    const sea = { path: '//sea_0001.png', shape: 'sequence', shown } as const;
    const bucket = (isRetimed: boolean): Bucket => ({
      blends: { 'f/a.blend': { references: ['//b.blend'], isRetimed }, 'f/b.blend': [sea] },
      files: ['f/sea_0007.png'],
    });
    assert.deepEqual(missingOf(meet(bucket(false), { frames: [1] })), ['f/sea_0001.png']);
    assert.ok(pinsOf(meet(bucket(true), { frames: [1] })).includes('f/sea_0007.png'));
  });

  test('names each missing file with the .blend and the data-block that refer to it', () => {
    const met = meet({
      blends: {
        'f/a.blend': ['//lib.blend'],
        'f/lib.blend': [
          { path: '//t/skin.png', owner: 'skin' },
          { path: '/home/me/x.png', owner: 'abs' },
        ],
      },
      files: [],
    });
    assert.deepEqual(met.state === 'missing' && met.missing, [
      {
        path: '/home/me/x.png',
        referredBy: 'f/lib.blend',
        owner: 'abs',
        kind: 'image',
        problem: 'absolute',
        suggestion: null,
      },
      {
        path: 'f/t/skin.png',
        referredBy: 'f/lib.blend',
        owner: 'skin',
        kind: 'image',
        problem: 'missing',
        suggestion: null,
      },
    ]);
  });

  test('says what leads out of the bucket, and what is absolute on Windows', () => {
    const met = meet({
      blends: { 'f/a.blend': ['//../../x.png', 'C:\\tex\\y.png', '//..\\f\\z.png'] },
      files: ['f/z.png'],
    });
    assert.deepEqual(met.state === 'missing' && met.missing.map(({ path, problem }) => [path, problem]), [
      ['//../../x.png', 'outside'],
      ['C:\\tex\\y.png', 'absolute'],
    ]);
  });

  test('a library that is no .blend any more counts as missing, one that is still being read does not', () => {
    const bucket: Bucket = { blends: { 'a.blend': ['//b.blend'], 'b.blend': [] }, files: [] };
    const catalog = catalogOf(bucket);
    const b = catalog.get('b.blend');
    assert.ok(b);
    assert.equal(closureOf('a.blend', catalog).needed.length, 2);
    const broken = { ...b, facts: null, failure: { code: 'corrupt', message: 'no' } };
    const seenAs = (entry: typeof b) => meet(bucket, {}, new Map(catalog).set('b.blend', entry));
    const met = seenAs(broken);
    assert.deepEqual(met.state === 'missing' && met.missing[0]?.problem, 'unreadable');
    assert.equal(seenAs({ ...b, facts: null }).state, 'unknown');
    assert.equal(seenAs({ ...b, generation: 'older' }).state, 'unknown');
    assert.equal(seenAs(b).state, 'met');
  });

  test('what is only perhaps needed is pinned when it is there and never waited for', () => {
    const fluid = { path: '//cache', kind: 'cache', shape: 'folder', isOptional: true } as const;
    const own = { path: '//blendcache_<blend>', kind: 'cache', shape: 'folder', isOptional: true } as const;
    const blends = { 'f/a.blend': [fluid, own] };
    assert.deepEqual(pinsOf(meet({ blends, files: [] })), ['f/a.blend']);
    const files = ['f/blendcache_a/1.bphys', 'f/cache/data/1.vdb', 'f/cache2/2.vdb'];
    assert.deepEqual(pinsOf(meet({ blends, files })), [
      'f/a.blend',
      'f/blendcache_a/1.bphys',
      'f/cache/data/1.vdb',
    ]);
  });

  test('one file that is only perhaps needed, too, unless somebody else needs it for certain', () => {
    const maybe = { path: '//ref.png', isOptional: true };
    assert.equal(meet({ blends: { 'f/a.blend': [maybe] }, files: [] }).state, 'met');
    const pinned = meet({ blends: { 'f/a.blend': [maybe] }, files: ['f/ref.png'] });
    assert.deepEqual(pinsOf(pinned), ['f/a.blend', 'f/ref.png']);
    const both = { 'f/a.blend': [maybe, '//b.blend'], 'f/b.blend': ['//ref.png'] };
    assert.deepEqual(missingOf(meet({ blends: both, files: [] })), ['f/ref.png']);
  });

  test('a folder that is needed must hold something', () => {
    const blends = { 'f/a.blend': [{ path: '//ocean', kind: 'cache', shape: 'folder' } as const] };
    assert.deepEqual(missingOf(meet({ blends, files: ['f/ocean.png'] })), ['f/ocean']);
    assert.deepEqual(missingOf(meet({ blends, files: ['f/ocean/d_1.exr'] })), []);
  });

  test('of tiles those that the texture has must be there, or any when it does not tell', () => {
    const tiled = (tiles?: number[]): Bucket['blends'] => ({
      'f/a.blend': [{ path: '//t.<UDIM>.png', shape: 'tiles', ...(tiles ? { tiles } : {}) }],
    });
    const files = ['f/t.1001.png', 'f/t.1011.png', 'f/t.x.png'];
    assert.deepEqual(missingOf(meet({ blends: tiled([1001, 1002]), files })), ['f/t.1002.png']);
    assert.deepEqual(pinsOf(meet({ blends: tiled(), files })), ['f/a.blend', 'f/t.1001.png', 'f/t.1011.png']);
    assert.deepEqual(missingOf(meet({ blends: tiled(), files: ['f/t.x.png'] })), ['f/t.<UDIM>.png']);
    const uv: Bucket['blends'] = {
      'f/a.blend': [{ path: '//t.<UVTILE>.png', shape: 'tiles', tiles: [1012] }],
    };
    assert.deepEqual(missingOf(meet({ blends: uv, files: [] })), ['f/t.u2_v2.png']);
  });

  test('a file that is visible on other frames only is not waited for', () => {
    const blends = { 'f/a.blend': [{ path: '//card.png', kind: 'strip', onFrames: { from: 10, to: 20 } }] };
    assert.deepEqual(missingOf(meet({ blends, files: [] }, { frames: frames(1, 9) })), []);
    assert.deepEqual(missingOf(meet({ blends, files: [] }, { frames: frames(1, 10) })), ['f/card.png']);
  });

  test('the manifest is met by the same bytes only', () => {
    const bucket: Bucket = { blends: { 'f/a.blend': [] }, files: ['f/x.png', 'f/y.png'] };
    const same = { path: 'f/x.png', size: 7, crc32c: 'AAAAAA==' };
    assert.equal(meet(bucket, { manifest: [same] }).state, 'met');
    const met = meet(bucket, {
      manifest: [same, { ...same, path: 'f/y.png', size: 8 }, { ...same, path: 'f/z.png' }],
    });
    assert.deepEqual(met.state === 'missing' && met.missing.map(({ path, problem }) => [path, problem]), [
      ['f/z.png', 'missing'],
      ['f/y.png', 'different'],
    ]);
  });

  test('more inputs than a record can hold are refused', () => {
    const many = Array.from({ length: 10_000 }, (_, n) => `//t${n}.png`);
    const met = meet({ blends: { 'f/a.blend': many }, files: [] });
    assert.deepEqual(met, { state: 'tooMany', count: 10_001, limit: 10_000 });
    const fewer = { blends: { 'f/a.blend': many.slice(1) }, files: [] };
    assert.equal(meet(fewer).state, 'missing');
    const manifest = many
      .slice(1)
      .map((path) => ({ path: `f/${path.slice(2)}`, size: 1, crc32c: 'AAAAAA==' }));
    assert.equal(meet(fewer, { manifest }).state, 'missing', 'what the manifest names, too, counts once');
  });
});

describe('frames of a sequence', () => {
  const known = (shown: object, path = '//p_0001.png'): Bucket['blends'] => ({
    'f/a.blend': [{ path, shape: 'sequence', shown: [shown as never] }],
  });
  const use = { start: 1, frames: 24, offset: 0, mode: 'extend' };

  test('are exactly those that the run shows, where the file tells', () => {
    const there = { blends: known(use), files: names('p', frames(1, 12)) };
    assert.deepEqual(missingOf(meet(there, { frames: frames(1, 24) })), names('p', frames(13, 24)));
    assert.deepEqual(pinsOf(meet(there, { frames: [3, 5] })), ['f/a.blend', ...names('p', [3, 5])]);
  });

  for (const [what, change, run, expected] of [
    ['hold the last one', { frames: 3 }, [2, 3, 4, 99], [2, 3]],
    ['ask for the one before the first ahead of the start', { start: 5, offset: 10 }, [1, 4, 5], [10, 11]],
    ['repeat', { frames: 3, mode: 'repeat' }, [1, 3, 4, 0], [1, 3]],
    ['go there and back', { frames: 3, mode: 'pingPong' }, [1, 2, 3, 4, 5, 6], [1, 2, 3]],
    ['show nothing outside a clip', { frames: 2, mode: 'clip', offset: 7 }, [0, 2, 3], [9]],
    ['have no negative number', { offset: -3 }, [1, 2, 3], [0]],
  ] as const)
    test(`${what}`, () => {
      const met = meet({ blends: known({ ...use, ...change }), files: [] }, { frames: [...run] });
      assert.deepEqual(missingOf(met), names('p', expected));
    });

  test('of two users are those of both', () => {
    const shown = [use, { ...use, offset: 100 }] as never;
    const blends = { 'f/a.blend': [{ path: '//p_0001.png', shape: 'sequence' as const, shown }] };
    assert.deepEqual(missingOf(meet({ blends, files: [] }, { frames: [2] })), names('p', [2, 102]));
  });

  const unknown: Bucket['blends'] = { 'f/a.blend': [{ path: '//p_0001.png', shape: 'sequence' }] };

  test('are taken as they are where the file does not tell, and a gap among those of the run is missing', () => {
    const files = [...names('p', [5, 6, 9]), 'f/p_0007.exr', 'f/q_0007.png', 'f/p_00008.png', 'f/p_x.png'];
    assert.deepEqual(
      missingOf(meet({ blends: unknown, files }, { frames: frames(1, 24) })),
      names('p', [7, 8]),
    );
    const met = meet({ blends: unknown, files }, { frames: [5, 6, 20] });
    assert.deepEqual(pinsOf(met), ['f/a.blend', ...names('p', [5, 6, 9])]);
    assert.deepEqual(met.state === 'met' && met.warnings, [
      'f/p_0001.png (in f/a.blend) has pictures 5 to 9; 1 of the frames lie outside of that.',
    ]);
  });

  test('are missing by the name that is stored when there is none at all', () => {
    assert.deepEqual(missingOf(meet({ blends: unknown, files: ['f/q_0001.png'] })), ['f/p_0001.png']);
  });
});

describe('any use of a sequence', () => {
  const mode = fc.constantFrom('extend', 'clip', 'repeat', 'pingPong');
  const small = fc.integer({ min: -8, max: 12 });
  const use = fc.record({ start: small, frames: fc.integer({ min: 0, max: 7 }), offset: small, mode });

  const run = fc
    .tuple(fc.nat(20), fc.nat(20), fc.nat(3), fc.nat(20))
    .map(([from, length, gap, more]) => [
      ...frames(from, from + length),
      ...frames(from + length + 1 + gap, from + length + gap + more),
    ]);

  test('shows in many frames what it shows in each of them', () => {
    fc.assert(
      fc.property(use, run, fc.constantFrom(0, 1), (one, taken, first) => {
        const each = taken.flatMap((frame) => [
          ...shownNumbers(one, [{ from: frame, to: frame }], first, 99),
        ]);
        const all = shownNumbers(one, spansOf(taken), first, 99);
        assert.deepEqual([...all].sort(), [...new Set(each)].sort());
      }),
    );
  });

  test('is told at once for a million frames', () => {
    const shown = Array.from({ length: 1000 }, (_, start) => ({
      start,
      frames: 24,
      offset: 0,
      mode: 'repeat' as const,
    }));
    const blends = { 'f/a.blend': [{ path: '//p_0001.png', shape: 'sequence' as const, shown }] };
    const before = performance.now();
    const met = meet({ blends, files: [] }, { frames: frames(1, 1_000_000) });
    assert.equal(missingOf(met).length, 24);
    assert.ok(performance.now() - before < 2000);
    const endless = [{ start: 1, frames: 1_000_000, offset: 0, mode: 'extend' as const }];
    const many = { 'f/a.blend': [{ path: '//p_0001.png', shape: 'sequence' as const, shown: endless }] };
    assert.equal(meet({ blends: many, files: [] }, { frames: frames(1, 1_000_000) }).state, 'tooMany');
  });
});

describe('the name of any sequence', () => {
  test('gives the number of each of its files back, and takes no other file for one', () => {
    const text = fc.constantFrom('', 'p', 'p_', 'a1b', 'xy_', '7v');
    const ending = fc.constantFrom('.png', '.jp2', '', '_L.exr', '.0.vdb');
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 1, max: 6 }),
        ending,
        fc.nat(1e6),
        (before, width, after, number) => {
          const named = `f/${before}${'1'.padStart(width, '0')}${after}`;
          const name = sequenceName(named);
          assert.ok(name);
          const path = sequencePath(name, number);
          assert.equal(numberIn(name, path), number);
          assert.equal(numberIn(name, `${path}x`), null);
          assert.equal(
            numberIn(name, sequencePath({ ...name, digits: `0${name.digits}` }, number)),
            widthTells(name.digits, number),
          );
        },
      ),
    );
  });

  /** Numbers that fill the wider name have the same name in both. */
  function widthTells(digits: string, number: number): number | null {
    return String(number).length > digits.length ? number : null;
  }
});

describe('any project', () => {
  const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
  const blend = name.map((stem) => `${stem}.blend`);
  const target = fc.oneof(
    blend,
    fc.tuple(name, name).map(([folder, stem]) => `${folder}/${stem}.png`),
  );
  const project = fc.dictionary(blend, fc.uniqueArray(target, { maxLength: 6 }), { minKeys: 1, maxKeys: 5 });

  test('is met when all is there, and any one file that is taken away is what is missing', () => {
    fc.assert(
      fc.property(project, fc.nat(), (references, pick) => {
        const shot = Object.keys(references)[0] ?? '';
        const reached = new Set([shot]);
        for (const path of reached) for (const to of references[path] ?? []) reached.add(to);
        const all = Object.fromEntries(
          [shot, ...reached]
            .filter((path) => path.endsWith('.blend'))
            .map((path) => [path, references[path] ?? []]),
        );
        const blends = Object.fromEntries(
          Object.entries(all).map(([path, to]) => [path, to.map((one) => `//${one}`)]),
        );
        const files = [...reached].filter((path) => !path.endsWith('.blend'));
        assert.deepEqual(pinsOf(meet({ blends, files })), [...reached].sort());
        const removable = [...reached].filter((path) => path !== shot);
        const gone = removable[pick % Math.max(1, removable.length)];
        if (gone === undefined) return;
        const rest = Object.fromEntries(Object.entries(blends).filter(([path]) => path !== gone));
        const met = meet({ blends: rest, files: files.filter((path) => path !== gone) });
        assert.deepEqual(missingOf(met), [gone]);
      }),
    );
  });
});
