import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { randomOf } from '../sim/random.ts';

export interface ShakyNetwork {
  readonly port: number;
  /** Connections that were cut so far. */
  readonly cuts: () => number;
  /** From now on nothing is cut. */
  calm(): void;
}

/**
 * A way to a port of this machine that is cut again and again: each connection after so many bytes as the seed says, at
 * most `cutsAtMost` times.
 */
export async function startShakyNetwork(
  t: { after(fn: () => unknown): void },
  { to, seed, meanBytes, cutsAtMost }: { to: number; seed: number; meanBytes: number; cutsAtMost: number },
): Promise<ShakyNetwork> {
  const random = randomOf(seed, 'cuts');
  const sockets = new Set<Socket>();
  let cuts = 0;
  let limit = cutsAtMost;
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    let left = Math.ceil(random() * 2 * meanBytes);
    const cut = () => {
      cuts += 1;
      near.resetAndDestroy();
      far.resetAndDestroy();
    };
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => into.destroy());
      from.on('close', () => {
        sockets.delete(from);
        into.destroy();
      });
      from.on('end', () => into.end());
      from.on('data', (piece: Buffer) => {
        left -= piece.length;
        if (left <= 0 && cuts < limit) return cut();
        if (!into.write(piece)) {
          from.pause();
          into.once('drain', () => from.resume());
        }
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    port: (server.address() as AddressInfo).port,
    cuts: () => cuts,
    calm: () => {
      limit = 0;
    },
  };
}
