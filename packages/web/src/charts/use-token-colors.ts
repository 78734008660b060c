import { useCallback } from 'react'
import { useColorMode } from '../ui/color-mode.ts'

/** Token values for a canvas, which knows no variables; another function when the theme changes, so that the canvas is drawn again. */
export function useTokenColor(): (name: string) => string {
  const mode = useColorMode()
  return useCallback(
    (name) => (mode ? getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim() : ''),
    [mode],
  )
}
