import { useEffect, useState } from 'preact/hooks';
import { get } from './api.ts';
import { useDesk } from './desk.ts';

interface MeSeen {
  readonly person: string | null;
  readonly canSignOut: boolean;
}

/** As whom one is here, and the way out. */
export function Me() {
  const { act } = useDesk();
  const [me, setMe] = useState<MeSeen | null>(null);
  // It is decoration: what goes wrong shows elsewhere.
  useEffect(() => void get<MeSeen>('/me').then(setMe, () => {}), []);

  async function signOut(): Promise<void> {
    if (await act('/sign-out')) location.reload();
  }

  if (me?.person == null) return null;
  return (
    <p class="me">
      <bdi>{me.person}</bdi>
      {me.canSignOut && (
        <button type="button" class="quiet" onClick={signOut}>
          Sign out
        </button>
      )}
    </p>
  );
}
