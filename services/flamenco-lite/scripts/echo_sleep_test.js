// A job type for trying out the farm without Blender: one task that echoes, then tasks that sleep.
// biome-ignore-all lint/correctness/noUnusedVariables: the manager reads JOB_TYPE and calls compileJob.
/* global author */

const JOB_TYPE = {
  label: 'Echo Sleep Test',
  settings: [
    { key: 'message', type: 'string', required: true },
    { key: 'sleep_duration_seconds', type: 'int32', default: 1 },
    { key: 'sleep_repeats', type: 'int32', default: 1 },
  ],
};

function compileJob(job) {
  const { message, sleep_duration_seconds: seconds, sleep_repeats: repeats } = job.settings;
  const echo = author.Task('echo', 'misc');
  echo.addCommand(author.Command('echo', { message }));
  job.addTask(echo);
  for (let done = 0; done < repeats; done++) {
    const sleep = author.Task('sleep', 'misc');
    sleep.addCommand(author.Command('sleep', { duration_in_seconds: seconds }));
    sleep.addDependency(echo);
    job.addTask(sleep);
  }
}
