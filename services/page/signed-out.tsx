/** In the place of everything that is for those who are in. */
export function SignedOut() {
  return (
    <section class="signed-out" role="alert">
      <h1>You are signed out</h1>
      <p class="soft">The session is over, or you are not on the list of this farm any more.</p>
      {/* The address itself says what there is to do: sign in with Google, or with whatever stands before it. */}
      <button type="button" class="primary" onClick={() => location.reload()}>
        Sign in
      </button>
    </section>
  );
}
