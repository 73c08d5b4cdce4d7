import { Help, Misuse } from './arguments.mjs';
import { ProgramFailed } from './programs.mjs';

/** Runs a program of ours; what went wrong is told without a stack where a person can do something about it. */
export async function main(program) {
  try {
    await program(process.argv.slice(2));
  } catch (error) {
    if (error instanceof Help) {
      process.stdout.write(`${error.message}\n`);
      return;
    }
    if (!(error instanceof Misuse || error instanceof ProgramFailed || error?.code === 'ENOENT')) throw error;
    const missing = error.code === 'ENOENT' ? `${error.path} is not installed.` : '';
    process.stderr.write(`\n${missing || error.message}\n`);
    if (error instanceof ProgramFailed)
      process.stderr.write(
        `${adviceOn(error.said)}Nothing is half-done for good: put it right and run the same command again.\n`,
      );
    process.exitCode = 1;
  }
}

/** What usually lies behind these words of Google's. */
const ADVICE = [
  [
    /do(es)? not currently have an active account|Reauthentication|could not find default credentials|gcloud auth/i,
    'Sign in first: gcloud auth login && gcloud auth application-default login',
  ],
  [
    /billing.*(not enabled|disabled|must be enabled)|FAILED_PRECONDITION.*billing/i,
    'The project needs a billing account: https://console.cloud.google.com/billing/projects',
  ],
  [
    /error (creating|updating) budget/i,
    "Google's budget alert wants the role Billing Account Costs Manager on the billing account, which owners of a project need not have. Say --billing-account none to go without: --monthly-dollars stops the farm all the same.",
  ],
  [
    /PERMISSION_DENIED|does not have permission|\b403\b/i,
    'Your account may not do this. Deploying needs the role Owner in the project (or Editor with Project IAM Admin).',
  ],
  [
    /state lock|Error acquiring/i,
    'Another deploy runs, or one was killed: when none runs, terraform force-unlock with the ID above.',
  ],
];

function adviceOn(said) {
  const found = ADVICE.find(([words]) => words.test(said));
  return found === undefined ? '' : `${found[1]}\n`;
}
