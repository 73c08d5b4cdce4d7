import { PortError } from '../../ports/errors.ts';
import { answers, read } from './answers.ts';
import type { Http } from './http.ts';

interface Tag {
  readonly id: string;
  readonly name: string;
}

/**
 * The id of a pool's tag, which a job must name. `tag` is that id, or the tag's name. A tag that is not there yet is
 * made: the first job may come before the first worker, and the manager answers 500 for a tag that it does not know.
 */
export async function ensureTag(http: Http, tag: string, doing: string): Promise<string> {
  const found = await findTag(http, tag, doing);
  if (found !== null) return found.id;
  try {
    const wanted = isUuid(tag) ? { id: tag, name: tag } : { name: tag };
    const made = await http.post('worker-mgt/tags', wanted, doing);
    return read(answers.tag, made, doing).id;
  } catch (error) {
    // A worker may have made it at the same moment; the manager then answers with a fault of its database.
    const late = error instanceof PortError ? await findTag(http, tag, doing) : null;
    if (late === null) throw error;
    return late.id;
  }
}

async function findTag(http: Http, tag: string, doing: string): Promise<Tag | null> {
  const { tags } = read(answers.tags, await http.get('worker-mgt/tags', doing), doing);
  return tags.find(({ id, name }) => id === tag || name === tag) ?? null;
}

function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
