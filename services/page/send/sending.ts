export function useSending(): number | null {
  return null;
}
