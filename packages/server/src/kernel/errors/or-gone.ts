/** Undefined where a thing is not there any more; every other failure is one. */
export async function orGone<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if ((error as { status?: unknown }).status === 404) return undefined
    throw error
  }
}
