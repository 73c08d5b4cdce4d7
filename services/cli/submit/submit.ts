import { homedir } from 'node:os';
import { join } from 'node:path';
import { plainText } from '../../control/core/plain-text.ts';
import { calledAs } from '../called-as.ts';
import { readFacts } from '../read-facts.ts';
import { createServiceClient, type ServiceClient, ServiceError } from '../service/service-client.ts';
import { latestRunOf, watchRun } from '../watch/watch-run.ts';
import { parseSubmit, type SubmitOptions, submitUsage } from './options.ts';
import { planSubmit, SubmitError, type SubmitPlan } from './plan.ts';
import { planText } from './plan-text.ts';
import { createSendBar } from './send-bar.ts';
import { sendFiles } from './send-files.ts';
import { createSessions } from './sessions.ts';
import { sendSettings } from './settings-file.ts';

/** 2 = the command line is wrong. */
const MISUSED = 2;

/** `tablao submit`: sends a shot with all that it needs. Resolves to the exit code. */
export async function submit(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const command = calledAs('submit', env);
  const options = parseSubmit(args, env);
  if (options === 'help') {
    process.stdout.write(submitUsage(command));
    return 0;
  }
  if (typeof options === 'string') {
    process.stderr.write(`submit: ${options}\nSee ${command} --help\n`);
    return MISUSED;
  }
  try {
    return await send(options, env);
  } catch (error) {
    if (!(error instanceof SubmitError || error instanceof ServiceError)) throw error;
    process.stderr.write(`submit: ${plainText(error.message)}\n`);
    return 1;
  }
}

async function send(options: SubmitOptions, env: NodeJS.ProcessEnv): Promise<number> {
  const plan = await planSubmit({ ...options, readFacts });
  process.stdout.write(planText(plan));
  if (plan.missing.length > 0 && !options.allowMissing) {
    process.stderr.write(
      'submit: nothing was sent. Bring what is missing, or send it all the same with --allow-missing: the run then waits for it.\n',
    );
    return 1;
  }
  if (options.dryRun) return 0;
  const client = createServiceClient(options);
  const before = await latestRunOf(client, plan.shot);
  await sendAll(client, plan, env);
  process.stdout.write(
    `${plainText(plan.shot)} is sent. Fetch its frames with: ${calledAs('pull', env)} ${quoted(plan.shot)}\n`,
  );
  if (!options.watch) return 0;
  return watchRun({ client, shot: plan.shot, after: before });
}

/** As it is typed into a shell. */
function quoted(shot: string): string {
  const plain = plainText(shot);
  return /^[\w./-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", "'\\''")}'`;
}

async function sendAll(client: ServiceClient, plan: SubmitPlan, env: NodeJS.ProcessEnv): Promise<void> {
  const sessions = createSessions(join(env.TABLAO_HOME ?? join(homedir(), '.tablao'), 'uploads'));
  const bar = createSendBar(process.stdout);
  const { manifest, known } = await sendFiles(plan.files, { client, sessions, onProgress: bar.show });
  bar.done(known);
  await sendSettings(client, plan, manifest);
}
