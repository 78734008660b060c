import { Segmented } from '../../ui/button.tsx'
import { setColorPreference, useColorPreference } from '../../ui/color-mode.ts'
import { setDensity, useDensity } from '../../ui/density.ts'
import { Section } from '../../ui/section.tsx'

/** What a reader chooses for this browser. */
export function AppearancePanel() {
  const theme = useColorPreference()
  const density = useDensity()
  return (
    <>
      <Section title="Theme" note="T switches it anywhere">
        <Segmented
          label="Theme"
          value={theme}
          onChange={setColorPreference}
          options={[
            { value: 'system', label: 'As the system' },
            { value: 'light', label: 'Light' },
            { value: 'dark', label: 'Dark' },
          ]}
        />
      </Section>
      <Section title="Rows">
        <Segmented
          label="Rows"
          value={density}
          onChange={setDensity}
          options={[
            { value: 'normal', label: 'Normal, 30 px' },
            { value: 'compact', label: 'Compact, 26 px' },
          ]}
        />
      </Section>
    </>
  )
}
