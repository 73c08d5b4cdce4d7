import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSimpleExpression } from '../../services/control/blend/simple-expression.ts';

// What `driver.is_simple_expression` said in Blender 3.4.1, 4.3.2 and 5.2.2 alike, for a driver with a variable `var`.
const SIMPLE: readonly string[] = [
  'frame*0.1',
  'sin(frame)',
  'var+1',
  'max(1,2,3)',
  'min(1)',
  'frame if frame>3 else 2',
  'log(frame,2)',
  '1e3',
  'pi',
  'True',
  'not frame',
  'int(frame)',
  'lerp(1,2,.5)',
  'clamp(frame)',
  'clamp(frame,0,1)',
  'smoothstep(0,1,frame)',
  'round(frame)',
  'abs(-frame)',
  '-frame',
  '+frame',
  '1 < frame < 3',
  '(frame)',
  'frame and 1 or 2',
  'sqrt(2)',
  'exp(1)',
  'fmod(3,2)',
  'atan2(1,2)',
  'pow(2,3)',
  'degrees(1)',
  'ceil(1.2)',
  'frame ',
  '1.',
  '.5',
  'frame==2',
  'frame != 2',
  'floor(-1)',
  'trunc(1)',
  'True + False',
  'var if var else frame',
  'frame if not var else 1',
  'frame\n+1',
  '1if frame else 2',
  'fabs(1)',
];
const PYTHON: readonly string[] = [
  'frame**2',
  'self.x',
  'noise.random()',
  'bpy.context.scene.frame_current',
  'frame//2',
  'frame%2',
  'a',
  '0x10',
  'round(frame,2)',
  '[1][0]',
  "'a'==1",
  'e',
  'tau',
  '',
  '1..real',
  '5e',
  'frame <> 2',
  'len(1)',
  'sum(1,2)',
  'lambda: 1',
  'frame & 1',
  '~frame',
  '1 if 2',
  'sin(1,2)',
  'sin()',
  'hypot(1,2)',
  'log2(4)',
  'sinh(1)',
  '1,2',
  '(1,2)',
  'nan',
  'None',
  '1_000',
  'max()',
];

describe('an expression of a driver', () => {
  const variables = new Set(['var']);
  for (const expression of SIMPLE)
    it(`needs no Python: ${JSON.stringify(expression)}`, () => {
      assert.equal(isSimpleExpression(expression, variables), true);
    });
  for (const expression of PYTHON)
    it(`needs Python: ${JSON.stringify(expression)}`, () => {
      assert.equal(isSimpleExpression(expression, variables), false);
    });

  it('needs Python with another name of its variable, and when it is nested without end', () => {
    assert.equal(isSimpleExpression('var', new Set(['other'])), false);
    assert.equal(isSimpleExpression(`${'('.repeat(200)}1${')'.repeat(200)}`, variables), false);
    assert.equal(isSimpleExpression(`${'-'.repeat(100_000)}1`, variables), false);
  });
});
