"""The custom resources `Application` and `Installation`: their definitions, and how their objects become documents."""
