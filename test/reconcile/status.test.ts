import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StatusDocument } from '../../services/control/core/status-document.ts';
import { command, createWorld, pass, SAMPLE, upload, type World } from './world.ts';

function statusOf(of: World): StatusDocument {
  return of.records.valueAt('status.json') as StatusDocument;
}

function bytesOf(status: StatusDocument): number {
  return Buffer.byteLength(`${JSON.stringify(status, null, 2)}\n`);
}

describe('the status', () => {
  test('has at most 64 KiB, says how much it leaves out, and keeps the newest', async () => {
    const of = createWorld();
    for (let shot = 0; shot < 120; shot += 1) of.scenes.put(`film/${'ä'.repeat(60)}${shot}.blend`, SAMPLE);
    await pass(of, 3);
    const status = statusOf(of);
    assert.ok(bytesOf(status) <= 64 * 1024, `${bytesOf(status)} bytes`);
    assert.ok(status.runs.length > 20, `${status.runs.length} runs`);
    const left = 120 - status.runs.length;
    assert.ok(status.sentence.endsWith(` ${left} more runs are not shown here.`), status.sentence);
    assert.equal(status.decisions.length, 20);
  });

  test('leaves nothing out that has room', async () => {
    const of = createWorld();
    await upload(of);
    await pass(of, 3);
    const status = statusOf(of);
    assert.equal(status.runs.length, 1);
    assert.doesNotMatch(status.sentence, /not shown/);
  });

  test('does not say that no farm is running while a person keeps one up', async () => {
    const of = createWorld();
    await command(of, { kind: 'wake', minutes: 60 });
    await pass(of, 10);
    assert.equal(statusOf(of).farm.stage, 'ready');
    assert.match(
      statusOf(of).sentence,
      /^Nothing to render; the farm is kept up, as a person asked, until 2026/,
    );
  });
});
