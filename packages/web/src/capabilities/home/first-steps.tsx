import { PageHeader } from '../../ui/page-header.tsx'
import { Empty } from '../../ui/page-states.tsx'

/** The first visit to a project: the way once round the loop, with the commands of this project. */
export function FirstSteps({ project }: { readonly project: string }) {
  const option = project === 'default' ? '' : ` --project ${project}`
  return (
    <>
      <PageHeader title={project} />
      <Empty
        title="Nothing here yet"
        steps={[
          {
            title: 'Point your shell at this project',
            command: `eval "$(trivium env${option})"`,
            body: 'Sets MLFLOW_TRACKING_URI and a token, so that MLflow code logs here without a change.',
          },
          { title: 'Run your training as it is', command: 'python train.py' },
          {
            title: 'Deploy the model that it registered',
            command: `trivium deploy arrival-delay@1${option}`,
            body: 'The gateway answers at /inference; predictions and labels then feed monitors, alerts and retraining.',
          },
          { title: 'Waiting for the first run', waiting: true },
        ]}
        foot={
          <>
            Data first? <code>trivium data add flights flights.parquet{option}</code> makes a dataset version with its
            profile.
          </>
        }
      >
        Data, runs, models, deployments, monitors and alerts of {project} appear here as one loop, live.
      </Empty>
    </>
  )
}
