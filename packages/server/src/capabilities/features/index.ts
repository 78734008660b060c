export { createFeatures, type Features } from './features.ts'
export { featuresStep } from './features-step.ts'
export { featureRoutes } from './routes.ts'
export { featuresTexts } from './personal-texts.ts'
