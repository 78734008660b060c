import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'

const ink = Array.from({ length: 10 }, () => 'var(--ink)') as unknown as MantineColorsTuple

/** Mantine supplies behaviour; its looks are the tokens. */
export const mantineTheme = createTheme({
  fontFamily: 'var(--font-sans)',
  fontFamilyMonospace: 'var(--font-mono)',
  fontSizes: { xs: 'var(--fs-11)', sm: 'var(--fs-12)', md: 'var(--fs-13)', lg: 'var(--fs-15)', xl: 'var(--fs-20)' },
  lineHeights: { xs: '14px', sm: '16px', md: '18px', lg: '22px', xl: '26px' },
  spacing: { xs: '4px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  radius: { xs: '3px', sm: '3px', md: '3px', lg: '5px', xl: '5px' },
  defaultRadius: 3,
  shadows: { xs: 'none', sm: 'none', md: 'var(--shadow-pop)', lg: 'var(--shadow-pop)', xl: 'var(--shadow-pop)' },
  colors: { ink },
  primaryColor: 'ink',
  respectReducedMotion: true,
  cursorType: 'pointer',
})

/** Maps the variables that Mantine's parts read onto the tokens, the same in both schemes because the tokens change by themselves. */
export const mantineVariables: CSSVariablesResolver = () => {
  const variables = {
    '--mantine-color-text': 'var(--text)',
    '--mantine-color-body': 'var(--surface)',
    '--mantine-color-dimmed': 'var(--text-3)',
    '--mantine-color-placeholder': 'var(--text-3)',
    '--mantine-color-default': 'var(--surface)',
    '--mantine-color-default-hover': 'var(--hover)',
    '--mantine-color-default-color': 'var(--text)',
    '--mantine-color-default-border': 'var(--line-control)',
    '--mantine-color-anchor': 'var(--accent)',
    '--mantine-color-error': 'var(--bad)',
  }
  return { variables: {}, light: variables, dark: variables }
}
