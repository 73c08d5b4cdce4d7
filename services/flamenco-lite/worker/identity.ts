import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { goPlatform } from '../go-platform.ts';
import { workerTiming } from '../timing.ts';
import { version } from '../version.ts';
import { type Client, createClient, textField } from './client.ts';
import { type Credentials, readCredentials, saveCredentials } from './credentials.ts';
import type { WorkerOptions } from './options.ts';

export interface SignedOn {
  readonly client: Client;
  /** The state that the manager wants. */
  readonly state: string;
}

/**
 * Signs on with saved credentials, waiting for the manager as long as it takes; registers when there are none or the
 * manager refuses them. Throws when a registration fails: a new worker without a manager ends.
 */
export async function signOnOrRegister(options: WorkerOptions, signal: AbortSignal): Promise<SignedOn> {
  const saved = readCredentials(options.home);
  if (saved !== null) {
    const signedOn = await signOnPatiently(options, saved, signal);
    if (signedOn !== null) return signedOn;
  }
  const credentials = await register(options);
  saveCredentials(options.home, credentials);
  const signedOn = await signOn(options, createClient(options.managerUrl, credentials));
  if (signedOn === null) throw new Error('unable to sign on after registering');
  return signedOn;
}

/** Any answer but success is a refusal; no answer at all is worth waiting for. */
async function signOnPatiently(
  options: WorkerOptions,
  credentials: Credentials,
  signal: AbortSignal,
): Promise<SignedOn | null> {
  const client = createClient(options.managerUrl, credentials);
  for (;;) {
    try {
      return await signOn(options, client);
    } catch {
      await delay(workerTiming.signOnRetry / options.speed, undefined, { signal });
    }
  }
}

async function signOn(options: WorkerOptions, client: Client): Promise<SignedOn | null> {
  const answer = await client.post('sign-on', {
    name: options.name,
    supported_task_types: options.taskTypes,
    software_version: version.version,
    can_restart: options.restartExitCode !== 0,
  });
  const state = textField(answer, 'status_requested');
  return answer.status === 200 && state !== null ? { client, state } : null;
}

async function register(options: WorkerOptions): Promise<Credentials> {
  const secret = randomBytes(32).toString('hex');
  const answer = await createClient(options.managerUrl, null).post('register-worker', {
    name: options.name,
    secret,
    platform: goPlatform(),
    supported_task_types: options.taskTypes,
  });
  const workerId = textField(answer, 'uuid');
  if (answer.status === 200 && workerId !== null) return { workerId, secret };
  throw new Error(`unable to register at Manager: ${answer.status} ${textField(answer, 'message') ?? ''}`);
}
