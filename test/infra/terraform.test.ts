// Our Terraform, by the real Terraform with the provider's real schema.
import assert from 'node:assert/strict';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { terraformAbsent } from './terraform-tools.ts';
import { terraformWorld } from './terraform-world.ts';

describe('infra/terraform', { skip: terraformAbsent }, () => {
  test('is formatted', async (t) => {
    const { terraform } = await terraformWorld(t);
    assert.deepEqual(await terraform('fmt', '-check', '-recursive', '-diff'), { code: 0, text: '' });
  });

  test("is valid by the provider's schema, and says what it should (terraform test)", async (t) => {
    const { terraform, dir } = await terraformWorld(t);
    const made = await terraform('init', '-backend=false', '-no-color');
    assert.equal(made.code, 0, made.text);
    const valid = await terraform('validate', '-no-color');
    assert.equal(valid.code, 0, valid.text);
    const tested = await terraform('test', '-no-color');
    assert.equal(tested.code, 0, tested.text);
    assert.match(tested.text, /Success! [1-9]\d* passed, 0 failed/);

    appendFileSync(join(dir, 'events.tf'), 'resource "google_pubsub_topic" "wrong" {\n  nam = "x"\n}\n');
    const wrong = await terraform('validate', '-no-color');
    assert.match(wrong.text, /The argument "name" is required/);
    assert.match(wrong.text, /An argument named "nam" is not expected here/);
  });
});
