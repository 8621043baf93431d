import Model
import NodeTier
import Store
import Testing
import TwoTiers
