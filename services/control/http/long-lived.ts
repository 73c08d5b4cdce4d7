import type { FastifyInstance } from 'fastify';

/** Ends when asked, so that the service can. */
interface Endable {
  end(): void;
}

export interface LongLived {
  readonly count: number;
  /** Until the returned function is called, `one` is ended when the service closes. */
  track(one: Endable): () => void;
}

/** Answers that last for minutes would keep the service from closing: they are ended first. */
export function createLongLived(app: FastifyInstance): LongLived {
  const open = new Set<Endable>();
  app.addHook('preClose', async () => {
    for (const one of open) one.end();
  });
  return {
    get count() {
      return open.size;
    },
    track(one) {
      open.add(one);
      return () => {
        open.delete(one);
      };
    },
  };
}
