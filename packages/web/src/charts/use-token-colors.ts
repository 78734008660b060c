import { useMemo } from 'react'
import { useColorMode } from '../ui/color-mode.ts'

/** Token values for a canvas, which knows no variables; read again when the theme changes. */
export function useTokenColor(): (name: string) => string {
  const mode = useColorMode()
  return useMemo(() => {
    const style = getComputedStyle(document.documentElement)
    const known = new Map<string, string>()
    void mode
    return (name) => {
      let value = known.get(name)
      if (value === undefined) {
        value = style.getPropertyValue(`--${name}`).trim()
        known.set(name, value)
      }
      return value
    }
  }, [mode])
}
