import type { EpochMs } from '../../core/time.ts';
import { isPortError } from '../../ports/errors.ts';
import type { Manager } from '../../ports/manager.ts';
import { answers, read } from './answers.ts';
import { createHttp, type HttpOptions } from './http.ts';
import { submitOnce } from './submit.ts';

/** The port over Flamenco Manager's HTTP API v3; flamenco-lite answers it the same. */
export function createFlamencoManager(options: HttpOptions): Manager {
  const http = createHttp(options);
  const setStatus = async (of: string, status: Readonly<Record<string, unknown>>, doing: string) => {
    await http.post(`${of}/setstatus`, status, doing);
  };
  /** Flamenco takes any change of any task; so it is asked just before whether it is still the same. */
  const setTask = async (taskId: string, updatedAt: EpochMs | null, status: object, doing: string) => {
    const path = `tasks/${taskId}`;
    const isSame =
      updatedAt === null || read(answers.task, await http.get(path, doing), doing).updatedAt === updatedAt;
    if (isSame) await setStatus(path, { ...status }, doing);
  };
  return {
    jobs: async () => {
      const doing = 'listing jobs';
      return read(answers.jobs, await http.get('jobs', doing), doing).jobs;
    },
    tasks: async (jobId) => {
      const doing = `listing the tasks of job ${jobId}`;
      const { tasks } = read(answers.tasks, await http.get(`jobs/${jobId}/tasks`, doing), doing);
      // Flamenco has an empty list for a job that it does not know; asking for the job itself tells.
      if (tasks.length === 0) await http.get(`jobs/${jobId}`, doing);
      return tasks;
    },
    workers: async () => {
      const doing = 'listing workers';
      return read(answers.workers, await http.get('worker-mgt/workers', doing), doing).workers;
    },
    logTail: async (taskId) =>
      logText(await http.get(`tasks/${taskId}/logtail`, `reading the log of task ${taskId}`)),
    submit: (job) => submitOnce(http, job),
    setJobStatus: (jobId, status, reason) =>
      setStatus(`jobs/${jobId}`, { status, reason }, `setting job ${jobId} to ${status}`),
    requeueTask: (taskId, updatedAt, reason) =>
      setTask(taskId, updatedAt, { status: 'queued', reason }, `queueing task ${taskId} again`),
    closeTask: (taskId, updatedAt, reason) =>
      setTask(taskId, updatedAt, { status: 'completed', reason }, `closing task ${taskId}`),
    drain: (workerId) =>
      setStatus(workerPath(workerId), { status: 'offline', is_lazy: true }, `draining worker ${workerId}`),
    // Asking for the state that a worker has takes an earlier request back.
    keep: (workerId) =>
      setStatus(workerPath(workerId), { status: 'awake', is_lazy: false }, `keeping worker ${workerId}`),
    forget: async (workerId) => {
      await http.delete(workerPath(workerId), `forgetting worker ${workerId}`).catch((error: unknown) => {
        if (!isPortError(error, 'notFound')) throw error;
      });
    },
  };
}

function workerPath(workerId: string): string {
  return `worker-mgt/workers/${workerId}`;
}

/** Empty (204) when the task has no log. */
function logText(answer: unknown): string {
  return typeof answer === 'string' ? answer : '';
}
