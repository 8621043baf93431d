import ControlAPI
import Logging
import Model
import ServeTier
import Store
import Testing
