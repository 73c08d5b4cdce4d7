import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const CONTROL = join(import.meta.dirname, '../services/control');

describe('the README of the service', () => {
  const text = readFileSync(join(CONTROL, 'README.md'), 'utf8');
  for (const folder of ['core', 'reconcile'])
    it(`says where each file of ${folder}/ belongs, once, and names none that is not there`, () => {
      const [, section = ''] = text.split(`## \`${folder}/\``);
      const [own = ''] = section.split('\n## ');
      const named = [...own.matchAll(/`([a-z-]+\.ts)`/g)].map(([, name = '']) => name);
      const there = readdirSync(join(CONTROL, folder)).filter((name) => name.endsWith('.ts'));
      assert.deepEqual(named.sort(), there.sort());
    });
});
