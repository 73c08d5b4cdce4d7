/** Sending from here comes with the next version. */
export function Send() {
  return <p class="nothing">Copy the project folder into the scenes folder: it is read, checked and rendered.</p>;
}
