import { useParams } from '@tanstack/react-router'

/** The parameters of a page's path: `const { project, model } = usePageParams<'model'>()`. */
export function usePageParams<K extends string = never>(): Readonly<Record<K | 'project', string>> {
  return useParams({ strict: false }) as Readonly<Record<K | 'project', string>>
}
