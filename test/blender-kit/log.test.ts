import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeLines, noBlender } from './kit.ts';

/** Lines as Blender 3.4, 4.3 and 5.2 print them, and what follows for the frame. */
const LINES: Readonly<Record<'fault' | 'warning' | 'nothing', readonly string[]>> = {
  fault: [
    '00:00.579  cycles           | WARNING Image file /s/wood.png failed to load.',
    '00:00.586  cycles           | WARNING Image file /s/wood.png failed to open.',
    '00:00.696  cycles           | WARNING Image file /s/wood.png does not exist.',
    '00:00.698  cycles           | ERROR Failed to load 4 image files',
    'libpng error: IDAT: Read error: hit end of file',
    '/s/wood.exr: (EXR_ERR_BAD_CHUNK_LEADER) Preparing to read scanline 30 (chunk 30), found corrupt leader',
    'Malloc returns null: len=112896000000 in Cycles Aligned Alloc, total 9865804',
    'Calloc returns null: len=960000 in imb_addrectImBuf, total 1845676',
    "terminate called after throwing an instance of 'std::bad_alloc'",
    'System is out of GPU and shared host memory',
    'Error: System is out of GPU memory',
    'Out of memory in CUDA queue enqueue (integrator_shade_surface)',
    'Illegal address in CUDA queue copy_from_device (integrator_intersect_closest)',
    'Failed to denoise, build has no OpenImageDenoise support',
    'Error: Render error (No space left on device) cannot save: /r/shot_0001.png',
    'Traceback (most recent call last):',
  ],
  warning: [
    "Warning: Unable to open image '/s/wood.png': No such file or directory",
    'Error in PyDriver: expression failed: wave(frame)',
    "Info: LIB: Collection: 'Props' missing from '/s/props.blend', parent '<direct>'",
    'IMB_ibImageFromMemory: unknown file-format (/s/wood.png)',
  ],
  nothing: [
    'Fra:1 Mem:18.17M (Peak 19.92M) | Time:00:00.84 | Mem:0.00M, Peak:0.00M | Scene, ViewLayer | Sample 8/8',
    "Saved: '/r/out of memory_0001.png.tmp/shot_0001.png'",
    'libpng warning: iCCP: known incorrect sRGB profile',
    'OpenImageIO exited with a pending error message that was never',
    '00:00.133  system.path      | WARNING Could not get a list of mounted file-systems',
    'EGL Error (0x3001): EGL_NOT_INITIALIZED: EGL is not initialized',
    'Error: Not freed memory blocks: 2, total unfreed memory 0.000195 MB',
    'Info: Total files 2 | Changed 1 | Failed 0',
    ' Time: 00:00.86 (Saving: 00:00.01)',
  ],
};

describe("what Blender's log says of a frame", { skip: noBlender() }, () => {
  const cases = Object.entries(LINES).flatMap(([judged, lines]) => lines.map((line) => ({ judged, line })));
  const judgements = noBlender() === false ? judgeLines(cases.map(({ line }) => line)) : [];
  for (const [index, { judged, line }] of cases.entries())
    it(`${judged}: ${line}`, () => assert.equal(judgements[index], judged));
});
